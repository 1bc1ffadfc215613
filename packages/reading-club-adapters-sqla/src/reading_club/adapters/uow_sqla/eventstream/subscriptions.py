"""Subscriptions, and queries for events that a subscriber has not received, on SQL."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import groupby
from operator import attrgetter
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Table, delete, exists, func, or_, select

from reading_club.adapters.uow_sqla import statements
from reading_club.adapters.uow_sqla.eventstream.outbox_writer import SQLOutboxWriter
from reading_club.adapters.uow_sqla.eventstream.tables import StreamTables
from reading_club.adapters.uow_sqla.session import Session
from reading_club.adapters.uow_sqla.types import DatabaseTime
from reading_club.eventstream.ports.dead_letters import RELAY
from reading_club.eventstream.ports.outbox import ALL_SUBSCRIBERS, OutboxKey
from reading_club.eventstream.ports.subscriptions import NOTHING_CONVERTED

LATEST: Final = 100
"""Latest inbox rows of a subscriber, whose newest event marks its progress."""
NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


@lru_cache(maxsize=4)
def _upsert(dialect: str, resends: Table) -> statements.Insert:
    insert = statements.insert_into(dialect, resends)
    changes = {"number": insert.excluded.number, "again_at": insert.excluded.again_at}
    return insert.on_conflict_do_update(index_elements=["subscriber", "message_id"], set_=changes)


@lru_cache(maxsize=4)
def _upsert_converted(dialect: str, subscriptions: Table) -> statements.Insert:
    insert = statements.insert_into(dialect, subscriptions)
    return insert.on_conflict_do_update(
        index_elements=["subscriber", "type"], set_={"delivered_as": insert.excluded.delivered_as}
    )


class SQLSubscriptions:
    """Subscriptions, in the table ``subscriptions``, and their missing events."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def subscribe(
        self,
        subscriber: str,
        types: Collection[str],
        *,
        outside: bool = False,
        converted: Mapping[str, str] = NOTHING_CONVERTED,
    ) -> None:
        """Insert subscriptions as of now; existing ones keep their time."""
        row = {"subscriber": subscriber, "outside": outside}
        delivered_as = {**dict.fromkeys(types), **converted}
        rows = [{**row, "type": t, "delivered_as": delivered_as[t]} for t in sorted(delivered_as)]
        table, dialect = self.session.tables.subscriptions, self.session.dialect
        insert = statements.insert_new_into(dialect, table)
        if outside:
            insert = _upsert_converted(dialect, table)
        await statements.insert_many(self.session, insert, rows, timestamps={"since": 0.0})

    async def outside(self) -> Mapping[str, frozenset[str]]:
        """Select the subscribers outside with the types of their queues."""
        table = self.session.tables.subscriptions
        return await self._types(table.c.outside & table.c.delivered_as.is_(None))

    async def own(self) -> Mapping[str, frozenset[str]]:
        """Select the subscribers that are not outside with their types."""
        return await self._types(~self.session.tables.subscriptions.c.outside)

    async def remove_outside(self, subscriber: str) -> bool:
        """Delete the rows of a subscriber outside."""
        table, outbox = self.session.tables.subscriptions, self.session.tables.outbox
        mine = table.c.subscriber == subscriber
        deleted = await self.session.write(delete(table).where(mine, table.c.outside))
        unknown = ~exists().where(mine)
        await self.session.write(delete(outbox).where(outbox.c.subscriber == subscriber, unknown))
        return deleted.rowcount > 0

    async def requeue_missing(
        self, subscriber: str, *, idle: bool, after: float, horizon: float, limit: int
    ) -> int:
        """Put missing events into the outbox; each re-send doubles the wait for the next.

        Returns their number, up to ``limit``. An event counts if its age is between ``after`` and
        ``horizon`` seconds and, unless ``idle``, it is older than the progress cutoff; none counts
        while the subscriber is paused.
        """
        messages = self.session.tables.messages
        newest = messages.c.recorded_at <= DatabaseTime(-after)
        if not idle:
            newest &= messages.c.recorded_at <= await self._progress_cutoff(subscriber, after)
        query = self._missing_query(subscriber, horizon).where(newest).limit(limit)
        missing = (await self.session.read(query)).all()
        keys = [OutboxKey(row.message_id, subscriber) for row in missing]
        await SQLOutboxWriter(self.session).add_all(keys)
        in_groups = groupby(sorted(missing, key=attrgetter("number")), attrgetter("number"))
        for number, rows in in_groups:
            ids = [row.message_id for row in rows]
            await self._schedule_resend(subscriber, ids, number + 1, after * 2.0 ** (number + 1))
        return len(missing)

    async def _types(self, wanted: ColumnElement[bool]) -> Mapping[str, frozenset[str]]:
        table, types = self.session.tables.subscriptions, defaultdict[str, set[str]](set)
        for row in await self.session.read(select(table).where(wanted)):
            types[row.subscriber].add(row.type)
        return {name: frozenset(types[name]) for name in sorted(types)}

    async def _progress_cutoff(self, subscriber: str, after: float) -> datetime:
        """Return the progress cutoff: the newest received event's time minus ``after`` seconds."""
        inbox, messages = self.session.tables.inbox, self.session.tables.messages
        latest = (
            select(inbox.c.message_id)
            .where(inbox.c.subscriber == subscriber)
            .order_by(inbox.c.received_at.desc())
            .limit(LATEST)
        )
        newest = select(func.max(messages.c.recorded_at)).where(messages.c.id.in_(latest))
        received: datetime | None = (await self.session.read(newest)).scalar_one()
        return NEVER if received is None else received - timedelta(seconds=after)

    async def _schedule_resend(
        self, subscriber: str, message_ids: Sequence[UUID], number: int, pause: float
    ) -> None:
        rows = [{"message_id": message_id} for message_id in message_ids]
        await statements.insert_many(
            self.session,
            _upsert(self.session.dialect, self.session.tables.resends),
            rows,
            constants={"subscriber": subscriber, "number": number},
            timestamps={"again_at": pause},
        )

    def _missing_query(self, subscriber: str, horizon: float) -> Select[Any, Any]:
        """Return the query for missing events that may be sent now, the oldest first."""
        messages, resends = self.session.tables.messages, self.session.tables.resends
        id_ = messages.c.id
        again = (resends.c.message_id == id_) & (resends.c.subscriber == subscriber)
        return (
            behind(self.session.tables, subscriber, horizon)
            .add_columns(func.coalesce(resends.c.number, 0).label("number"))
            .outerjoin(resends, again)
            .where(
                or_(resends.c.again_at.is_(None), resends.c.again_at <= DatabaseTime()),
                not_in(id_, self.session.tables.outbox, ALL_SUBSCRIBERS, subscriber),
                ~exists().where(self.session.tables.pauses.c.subscriber == subscriber),
            )
            .order_by(messages.c.recorded_at, id_)
        )


def behind(tables: StreamTables, subscriber: str, horizon: float) -> Select[Any]:
    """Return the query for the ids of events that a subscriber has yet to receive.

    The events were recorded since it subscribed and up to ``horizon`` seconds ago, and have neither
    an inbox row nor a dead letter. The reconciler's missing events are a subset, the lag of a
    subscriber is their number.
    """
    heard = (tables.subscriptions.c.type == tables.messages.c.type) & (
        tables.subscriptions.c.subscriber == subscriber
    )
    return (
        select(tables.messages.c.id.label("message_id"))
        .join(tables.subscriptions, heard)
        .where(
            tables.messages.c.recorded_at >= tables.subscriptions.c.since,
            tables.messages.c.recorded_at >= DatabaseTime(-horizon),
            not_in(tables.messages.c.id, tables.inbox, RELAY, subscriber),
            not_in(tables.messages.c.id, tables.dead_letters, RELAY, subscriber),
        )
    )


def not_in(message_id: ColumnElement[UUID], table: Table, *subscribers: str) -> ColumnElement[bool]:
    """Return the condition that the table has no row of the message and these subscribers."""
    mine = table.c.subscriber.in_(subscribers)
    return ~exists().where(table.c.message_id == message_id, mine)
