"""Replays of the history, on SQL."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, and_, exists, func, or_, select, update

from reading_club.adapters.uow_sqla.eventstream.outbox_writer import SQLOutboxWriter
from reading_club.adapters.uow_sqla.eventstream.subscriptions import not_in
from reading_club.adapters.uow_sqla.session import Session
from reading_club.adapters.uow_sqla.statements import in_values
from reading_club.adapters.uow_sqla.types import DatabaseTime
from reading_club.eventstream.errors import ReplayRefused
from reading_club.eventstream.ports.dead_letters import RELAY
from reading_club.eventstream.ports.outbox import ALL_SUBSCRIBERS, OutboxKey
from reading_club.eventstream.ports.replays import ReplayStep

BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)


class SQLReplays:
    """Replays, whose positions are in the table ``subscriptions``."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.tables = session.tables

    async def begin(
        self, subscriber: str, types: Collection[str], *, since: datetime | None, inbox: float
    ) -> None:
        """Store the positions of the messages from ``since`` up to now. Raises ReplayRefused."""
        messages, since = self.tables.messages, since or BEGINNING
        await self._locked(subscriber)
        await self._require_inbox(subscriber, types, since, DatabaseTime(-inbox))
        until = func.coalesce(func.max(messages.c.position), 0)
        last = (await self.session.read(select(until))).scalar_one()
        recent = select(func.min(messages.c.position)).where(messages.c.recorded_at >= since)
        first = (await self.session.read(recent)).scalar_one()
        await self._store(subscriber, None, None)
        await self._store(subscriber, last if first is None else first - 1, last, types)

    async def remaining(self, subscriber: str) -> int | None:
        """Count the events that are left."""
        rows = await self._locked(subscriber)
        if not rows:
            return None
        messages = self.tables.messages
        left = select(func.count()).select_from(messages).where(self._left(subscriber, rows))
        return int((await self.session.read(left)).scalar_one())

    async def step(self, subscriber: str, *, limit: int, most: int) -> ReplayStep:
        """Insert outbox rows, and update the positions."""
        rows, messages = await self._locked(subscriber), self.tables.messages
        room = min(limit, most - await self._waiting(subscriber))
        if not rows or room <= 0:
            return ReplayStep(0, finished=not rows)
        query = select(messages.c.id, messages.c.position).where(self._left(subscriber, rows))
        found = (await self.session.read(query.order_by(messages.c.position).limit(room))).all()
        await SQLOutboxWriter(self.session).add_all([OutboxKey(r.id, subscriber) for r in found])
        finished = len(found) < room
        if finished:
            await self._store(subscriber, None, None)
        else:
            types = [row.type for row in rows]
            await self._store(subscriber, found[-1].position, rows[0].replay_until, types)
        return ReplayStep(len(found), finished=finished)

    async def _locked(self, subscriber: str) -> Sequence[Row[Any]]:
        """Return the rows of an unfinished replay, which another step waits for."""
        subscriptions = self.tables.subscriptions
        mine = select(subscriptions).where(subscriptions.c.subscriber == subscriber)
        rows = (await self.session.write(mine.with_for_update())).all()
        return [row for row in rows if row.replay_until is not None]

    async def _require_inbox(
        self, subscriber: str, types: Collection[str], since: datetime, reach: DatabaseTime
    ) -> None:
        """Raise ReplayRefused if inbox rows of wanted events may be deleted."""
        messages, subscriptions = self.tables.messages, self.tables.subscriptions
        older = and_(
            messages.c.type == subscriptions.c.type,
            messages.c.recorded_at >= since,
            messages.c.recorded_at < reach,
        )
        forgotten = select(subscriptions.c.type).where(
            subscriptions.c.subscriber == subscriber,
            self._gets(types),
            subscriptions.c.since <= reach,
            exists().where(older),
        )
        for type_ in (await self.session.read(forgotten)).scalars():
            raise ReplayRefused(f"{type_}: the inbox does not reach back to the oldest events")

    async def _waiting(self, subscriber: str) -> int:
        outbox = self.tables.outbox
        mine = select(func.count()).where(outbox.c.subscriber == subscriber)
        return int((await self.session.read(mine)).scalar_one())

    async def _store(
        self, subscriber: str, after: int | None, until: int | None, types: Collection[str] = ()
    ) -> None:
        """Update the positions of these types, by default of all."""
        subscriptions = self.tables.subscriptions
        mine = update(subscriptions).where(subscriptions.c.subscriber == subscriber)
        if types:
            mine = mine.where(self._gets(types))
        await self.session.write(mine.values(replay_after=after, replay_until=until))

    def _gets(self, types: Collection[str]) -> ColumnElement[bool]:
        """Return the condition that a subscription is to these types, or is delivered as them."""
        columns = self.tables.subscriptions.c
        converted = in_values(self.session, columns.delivered_as, types)
        return or_(in_values(self.session, columns.type, types), converted)

    def _left(self, subscriber: str, rows: Sequence[Row[Any]]) -> ColumnElement[bool]:
        """Return the condition that a message is still to be put into the outbox."""
        messages, tables = self.tables.messages, self.tables
        return and_(
            messages.c.position > rows[0].replay_after,
            messages.c.position <= rows[0].replay_until,
            in_values(self.session, messages.c.type, [row.type for row in rows]),
            not_in(messages.c.id, tables.inbox, RELAY, subscriber),
            not_in(messages.c.id, tables.dead_letters, RELAY, subscriber),
            not_in(messages.c.id, tables.outbox, ALL_SUBSCRIBERS, subscriber),
        )
