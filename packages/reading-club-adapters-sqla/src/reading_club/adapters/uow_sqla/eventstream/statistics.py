"""Statistics of outbox and subscribers on SQL."""

from collections import Counter
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Executable, Row, and_, case, exists, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from reading_club.adapters.uow_sqla.errors import translated
from reading_club.adapters.uow_sqla.eventstream.per_minute import per_minute
from reading_club.adapters.uow_sqla.eventstream.projections import rebuilds
from reading_club.adapters.uow_sqla.eventstream.states import states_of
from reading_club.adapters.uow_sqla.eventstream.subscriptions import behind
from reading_club.adapters.uow_sqla.eventstream.tables import StreamTables
from reading_club.adapters.uow_sqla.types import DatabaseTime
from reading_club.eventstream.ports.outbox import ALL_SUBSCRIBERS
from reading_club.eventstream.ports.projections import Rebuilding
from reading_club.eventstream.ports.statistics import (
    Backlog,
    BlockedQueue,
    OutsideProgress,
    PerMinute,
    StreamState,
    SubscriberProgress,
    SubscriberState,
)

FIRST: Final = 1000
"""Maximum of outbox rows, by ascending message id, that ``backlog`` reads: this bounds its cost."""
LOCK_TIMEOUT: Final = text("SET LOCAL lock_timeout = '1s'")


class SQLStatistics:
    """Queries of the stream's tables, each on a connection of its own.

    ``horizon`` is the reconciler's, in seconds. Inbox rows of older events may be deleted, so that
    those events are not told from missing ones.
    """

    def __init__(self, engine: AsyncEngine, tables: StreamTables, *, horizon: float) -> None:
        self.engine = engine
        self.tables = tables
        self.horizon = horizon

    async def pending(self) -> int:
        """Count the rows of the outbox."""
        rows = select(func.count()).select_from(self.tables.outbox)
        async with self._connected() as connection:
            return int(await connection.scalar(rows) or 0)

    async def backlog(self) -> Backlog:
        """Query age and blocked queues of the first rows of the outbox."""
        async with self._connected() as connection:
            return await self._backlog(connection)

    async def _backlog(self, connection: AsyncConnection) -> Backlog:
        rows = (await connection.execute(_first_rows(self.tables))).all()
        ages = [_age(row.oldest, row.now) for row in rows if not row.deferred]
        refused = Counter[tuple[str, str]]()
        for row in rows:
            if row.subscriber != ALL_SUBSCRIBERS and row.reason:
                refused[row.subscriber, row.reason] += row.events
        oldest = max((age for age in ages if age is not None), default=None)
        blocked = tuple(BlockedQueue(*queue, events) for queue, events in sorted(refused.items()))
        return Backlog(oldest, blocked)

    async def progress(self, subscriber: str, types: Collection[str]) -> SubscriberProgress:
        """Count the published, handled, missing and dead-lettered events of a subscriber."""
        tables = self.tables
        published = select(func.count()).where(tables.messages.c.type.in_(types))
        handled = select(func.count()).where(tables.inbox.c.subscriber == subscriber)
        letters = select(func.count()).where(tables.dead_letters.c.subscriber == subscriber)
        paused = select(tables.pauses.c.since).where(tables.pauses.c.subscriber == subscriber)
        lag = behind(tables, subscriber, self.horizon).with_only_columns(
            func.count().label("events"),
            func.min(tables.messages.c.recorded_at).label("oldest"),
            DatabaseTime().label("now"),
            maintain_column_froms=True,
        )
        async with self._connected() as connection:
            late = (await connection.execute(lag)).one()
            return SubscriberProgress(
                name=subscriber,
                published=await connection.scalar(published) or 0,
                handled=await connection.scalar(handled) or 0,
                lag=late.events,
                lag_seconds=_age(late.oldest, late.now),
                dead_letters=await connection.scalar(letters) or 0,
                paused_since=await connection.scalar(paused),
            )

    async def paused(self) -> Mapping[str, datetime]:
        """Select the start of each pause, by subscriber."""
        pauses = select(self.tables.pauses).order_by(self.tables.pauses.c.subscriber)
        async with self._connected() as connection:
            return {row.subscriber: row.since for row in await connection.execute(pauses)}

    async def rebuilds(self) -> Sequence[Rebuilding]:
        """Select the unfinished rebuilds."""
        async with self._connected() as connection:
            return await rebuilds(connection, self.tables)

    async def outside(self) -> Sequence[OutsideProgress]:
        """Count the events of each subscriber outside, by one query."""
        async with self._connected() as connection:
            rows = await connection.execute(_outside(self.tables))
            return [OutsideProgress(**row._asdict()) for row in rows]

    async def state(self, subscribers: Collection[str]) -> StreamState:
        """Query the backlog, and then all of these subscribers."""
        with translated():
            async with self.engine.connect() as connection:
                backlog = await self._backlog(connection)
                if not subscribers:
                    return StreamState(backlog, ())
                query = states_of(self.tables, subscribers, self.horizon)
                rows = {row.name: row for row in await connection.execute(query)}
        return StreamState(backlog, [_state(rows[name]) for name in subscribers])

    async def per_minute(self, types: Collection[str], *, minutes: int = 60) -> PerMinute:
        """Count the events of each of the last minutes, by the indexes on their times."""
        async with self._connected() as connection:
            return await per_minute(connection, self.tables, types, minutes)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[AsyncConnection]:
        with translated():
            async with self.engine.connect() as connection:
                if connection.dialect.name == "postgresql":
                    await connection.execute(LOCK_TIMEOUT)
                yield connection


def _state(row: Row[Any]) -> SubscriberState:
    age = _age(row.oldest, row.now)
    return SubscriberState(row.name, row.events, age, row.dead_letters, row.paused_since)


def _outside(tables: StreamTables) -> Executable:
    """Return the query for name and counts of the subscribers outside, by name."""
    messages, outbox, letters = tables.messages.c, tables.outbox.c, tables.dead_letters.c
    mine = tables.subscriptions.c
    each = tables.subscriptions.alias("each_type").c
    heard = (each.subscriber == mine.subscriber) & (each.type == messages.type)
    to_all = and_(
        outbox.subscriber == ALL_SUBSCRIBERS,
        exists().where(messages.id == outbox.message_id, heard),
    )
    counts = {
        "published": heard & (messages.recorded_at >= each.since),
        "waiting": or_(outbox.subscriber == mine.subscriber, to_all),
        "dead_letters": letters.subscriber == mine.subscriber,
    }
    return (
        select(
            mine.subscriber.label("name"),
            *(
                select(func.count()).where(rule).correlate(tables.subscriptions).label(name)
                for name, rule in counts.items()
            ),
            (func.count(mine.replay_until) > 0).label("replaying"),
        )
        .where(mine.outside)
        .group_by(mine.subscriber)
        .order_by(mine.subscriber)
    )


def _first_rows(tables: StreamTables) -> Executable:
    """Return the query for the first rows, by subscriber, reason and whether they are deferred.

    A row for all subscribers waits since ``added_at``, or since its message was recorded if
    ``added_at`` is NULL. A row for one subscriber waits since the end of its deferral.
    """
    messages, outbox, now = tables.messages, tables.outbox, DatabaseTime()
    known = select(messages.c.recorded_at).where(messages.c.id == outbox.c.message_id)
    added = func.coalesce(outbox.c.added_at, known.scalar_subquery())
    single = outbox.c.subscriber != ALL_SUBSCRIBERS
    first = (
        select(
            outbox.c.subscriber,
            outbox.c.reason,
            and_(single, outbox.c.leased_until > now).label("deferred"),
            case((single, outbox.c.leased_until), else_=added).label("since"),
        )
        .order_by(outbox.c.message_id, outbox.c.subscriber)
        .limit(FIRST)
        .subquery()
    )
    groups = (first.c.subscriber, first.c.reason, first.c.deferred)
    events, oldest = func.count().label("events"), func.min(first.c.since).label("oldest")
    return select(*groups, events, oldest, now.label("now")).group_by(*groups)


def _age(moment: datetime | None, now: datetime) -> float | None:
    return None if moment is None else round(max(0.0, (now - moment).total_seconds()), 1)
