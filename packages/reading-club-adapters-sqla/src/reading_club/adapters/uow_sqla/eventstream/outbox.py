"""The outbox on SQL."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, delete, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.uow_sqla.eventstream.dead_letters import SQLDeadLetters
from reading_club.adapters.uow_sqla.eventstream.history import envelope_of
from reading_club.adapters.uow_sqla.eventstream.outbox_writer import SQLOutboxWriter
from reading_club.adapters.uow_sqla.eventstream.tables import StreamTables
from reading_club.adapters.uow_sqla.session import Session, transaction
from reading_club.adapters.uow_sqla.statements import in_values
from reading_club.adapters.uow_sqla.types import DatabaseTime, SecondsSince
from reading_club.eventstream.context import NO_CONTEXT, MessageContext
from reading_club.eventstream.dead_letters.writer import build_unsendable
from reading_club.eventstream.ports.outbox import OLDEST, Lease, OutboxKey, OutboxMessage


class SQLOutbox:
    """The relay's and the sender's side of the outbox: each method is a transaction of its own."""

    def __init__(self, engine: AsyncEngine, tables: StreamTables) -> None:
        self.engine = engine
        self.tables = tables

    async def claim(
        self, limit: int, lease: Lease, *, since: UUID = OLDEST
    ) -> Sequence[OutboxMessage]:
        """Lease up to ``limit`` rows whose lease has expired, oldest first; skips locked rows.

        Looks at no index entry of messages with a smaller id than ``since``.
        """
        outbox = self.tables.outbox
        from_there = [] if since == OLDEST else [outbox.c.message_id >= since]
        async with transaction(self.engine, self.tables) as session:
            key = outbox.primary_key.columns
            due = (
                select(*key)
                .where(outbox.c.leased_until <= DatabaseTime())
                .where(*from_there)
                .order_by(*key)
                .limit(limit)
                .with_for_update(skip_locked=True)
                .cte("due")
            )
            claimed = (
                update(outbox)
                .where(*[column == due.c[column.name] for column in key])
                .values(token=lease.token, leased_until=DatabaseTime(lease.seconds))
                .returning(*outbox.c, SecondsSince(outbox.c.added_at).label("age"))
            )
            return await self._outgoing(session, (await session.write(claimed)).all())

    async def delete(self, token: UUID, keys: Collection[OutboxKey]) -> None:
        """Delete rows that bear the token, by one statement for each value of ``subscriber``."""
        async with transaction(self.engine, self.tables) as session:
            for mine in self._held_by(session, token, keys):
                await session.write(delete(self.tables.outbox).where(mine))

    async def release(
        self,
        token: UUID,
        keys: Collection[OutboxKey],
        *,
        retry_in: float = 0.0,
        reason: str | None = None,
    ) -> None:
        """Make rows that bear the token due in ``retry_in`` seconds; note the reason, if any."""
        changes = {} if reason is None else {"reason": reason}
        await self._update(token, keys, leased_until=DatabaseTime(retry_in), **changes)

    async def split(
        self, token: UUID, keys: Collection[OutboxKey], *, retry_in: float = 0.0
    ) -> None:
        """Replace each row that bears the token by one row a subscriber, in one transaction."""
        outbox = self.tables.outbox
        async with transaction(self.engine, self.tables) as session:
            for mine in self._held_by(session, token, keys):
                taken = delete(outbox).where(mine).returning(*outbox.c)
                rows = (await session.write(taken)).all()
                envelopes = {row.message_id: row.envelope for row in rows}
                types = {
                    event.key.message_id: str(event.envelope.get("type", ""))
                    for event in await self._outgoing(session, rows)
                }
                await _insert_for_subscribers(session, types, envelopes, retry_in)

    async def fail(
        self, token: UUID, failures: Mapping[OutboxKey, str], *, retry_in: float
    ) -> None:
        """Count an attempt for rows that bear the token; they are due in ``retry_in`` seconds."""
        attempts = self.tables.outbox.c.attempts + 1
        await self._update(token, failures, leased_until=DatabaseTime(retry_in), attempts=attempts)

    async def dead_letter(self, token: UUID, failures: Mapping[OutboxKey, str]) -> None:
        """Move rows that bear the token to the dead letters."""
        outbox = self.tables.outbox
        async with transaction(self.engine, self.tables) as session:
            # Begin as a writer: SQLite may refuse to turn a reader into one.
            now = (await session.write(select(DatabaseTime()))).scalar_one()
            for mine in self._held_by(session, token, failures):
                removed = delete(outbox).where(mine).returning(*outbox.c)
                for event in await self._outgoing(session, (await session.write(removed)).all()):
                    letter = build_unsendable(event, failures[event.key], now)
                    await SQLDeadLetters(session).add(letter)

    async def _update(self, token: UUID, keys: Collection[OutboxKey], **changes: Any) -> None:
        async with transaction(self.engine, self.tables) as session:
            for mine in self._held_by(session, token, keys):
                await session.write(update(self.tables.outbox).where(mine).values(changes))

    def _held_by(
        self, session: Session, token: UUID, keys: Collection[OutboxKey]
    ) -> Sequence[ColumnElement[bool]]:
        """Return a condition per subscriber: the row is one of these, and still bears the token."""
        outbox = self.tables.outbox
        by_subscriber = groupby(
            sorted(keys, key=attrgetter("subscriber")), attrgetter("subscriber")
        )
        return [
            and_(
                outbox.c.token == token,
                outbox.c.subscriber == subscriber,
                in_values(session, outbox.c.message_id, [key.message_id for key in group]),
            )
            for subscriber, group in by_subscriber
        ]

    async def _outgoing(
        self, session: Session, rows: Sequence[Row[Any]]
    ) -> Sequence[OutboxMessage]:
        """Return the events of outbox rows, the oldest first, with what the history has of them."""
        messages = self.tables.messages
        stored: dict[UUID, Row[Any]] = {}
        if rows:
            mine = in_values(session, messages.c.id, {row.message_id for row in rows})
            stored = {row.id: row for row in await session.read(select(messages).where(mine))}
        return [
            _outgoing(row, stored.get(row.message_id))
            for row in sorted(rows, key=lambda row: (row.message_id, row.subscriber))
        ]


def _outgoing(row: Row[Any], message: Row[Any] | None) -> OutboxMessage:
    """Return the event of an outbox row, and of its message if that is in the history."""
    return OutboxMessage(
        OutboxKey(row.message_id, row.subscriber),
        row.envelope or ({} if message is None else envelope_of(message)),
        row.attempts,
        getattr(row, "age", 0.0),
        row.attempted,
        NO_CONTEXT if message is None else MessageContext.from_fields(message.metadata),
    )


async def _insert_for_subscribers(
    session: Session, types: Mapping[UUID, str], envelopes: Mapping[UUID, Any], retry_in: float
) -> None:
    """Insert a row for each subscriber to a message's type; existing rows stay.

    ``envelopes`` are of messages that are not stored. A message without subscribers gets a row
    for all subscribers again, due in ``retry_in`` seconds.
    """
    subscriptions, writer = session.tables.subscriptions, SQLOutboxWriter(session)
    subscribed = in_values(session, subscriptions.c.type, set(types.values()))
    names = defaultdict[str, list[str]](list)
    for row in await session.read(select(subscriptions).where(subscribed)):
        names[row.type].append(row.subscriber)
    keys = [OutboxKey(id_, name) for id_, type_ in types.items() for name in names[type_]]
    unheard = [OutboxKey(id_) for id_, type_ in types.items() if not names[type_]]
    for wanted, pause in ((keys, 0.0), (unheard, retry_in)):
        await writer.add_all([k for k in wanted if envelopes[k.message_id] is None], pause=pause)
        for key in wanted:
            if (envelope := envelopes[key.message_id]) is not None:
                await writer.add_all([key], envelope, pause=pause)
