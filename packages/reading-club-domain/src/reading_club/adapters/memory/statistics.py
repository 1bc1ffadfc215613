"""Statistics of outbox and subscribers, in memory."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime

from reading_club.adapters.memory.database import InMemoryStreamDatabase
from reading_club.adapters.memory.projections import rebuilds
from reading_club.adapters.memory.rows import OutboxRow
from reading_club.adapters.memory.subscriptions import behind
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
from reading_club.eventstream.wire import wire_type


class InMemoryStatistics:
    """Counts of the committed rows. ``horizon`` is the reconciler's, in seconds."""

    def __init__(self, database: InMemoryStreamDatabase, *, horizon: float) -> None:
        self.database = database
        self.horizon = horizon

    async def pending(self) -> int:
        """Count the rows of the outbox."""
        with self.database.changed():
            return len(self.database.outbox)

    async def backlog(self) -> Backlog:
        """Return the age of the oldest row that is not deferred, and the blocked queues."""
        with self.database.changed():
            rows, now = list(self.database.outbox.values()), self.database.clock()
        refused = Counter(
            (row.key.subscriber, row.reason)
            for row in rows
            if row.reason and row.key.subscriber != ALL_SUBSCRIBERS
        )
        oldest = max((_age(since, now) for since in _waiting_since(rows, now)), default=None)
        blocked = tuple(
            BlockedQueue(name, reason, events) for (name, reason), events in sorted(refused.items())
        )
        return Backlog(oldest, blocked)

    async def progress(self, subscriber: str, types: Collection[str]) -> SubscriberProgress:
        """Count the published, handled, missing and dead-lettered events of a subscriber."""
        with self.database.changed():
            tables, now = self.database, self.database.clock()
            times = [at for at, _ in behind(tables, subscriber, now, self.horizon)]
            return SubscriberProgress(
                name=subscriber,
                published=sum(wire_type(m) in types for m in tables.messages.values()),
                handled=sum(key.subscriber == subscriber for key in tables.inbox),
                lag=len(times),
                lag_seconds=_age(min(times), now) if times else None,
                dead_letters=sum(name == subscriber for name, _ in tables.dead_letters),
                paused_since=tables.pauses.get(subscriber),
            )

    async def paused(self) -> Mapping[str, datetime]:
        """Return the start of each pause, by subscriber."""
        with self.database.changed():
            return dict(sorted(self.database.pauses.items()))

    async def rebuilds(self) -> Sequence[Rebuilding]:
        """Return the unfinished rebuilds, by name."""
        with self.database.changed():
            return rebuilds(self.database)

    async def outside(self) -> Sequence[OutsideProgress]:
        """Count the events of each subscriber outside."""
        with self.database.changed():
            names = sorted(
                {name for (name, _), outside in self.database.outside.items() if outside}
            )
            return [_outside(self.database, name) for name in names]

    async def state(self, subscribers: Collection[str]) -> StreamState:
        """Return the backlog and the state of these subscribers."""
        backlog = await self.backlog()
        with self.database.changed():
            tables, now = self.database, self.database.clock()
            states = [_state(tables, name, now, self.horizon) for name in subscribers]
        return StreamState(backlog, states)

    async def per_minute(self, types: Collection[str], *, minutes: int = 60) -> PerMinute:
        """Count the events of each of the last minutes."""
        handled = defaultdict[str, list[datetime]](list)
        with self.database.changed():
            tables, now = self.database, self.database.clock()
            published = [
                tables.recorded[id_]
                for id_, message in tables.messages.items()
                if wire_type(message) in types
            ]
            for key, at in tables.inbox.items():
                handled[key.subscriber].append(at)
        counts = {name: _per_minute(times, now, minutes) for name, times in handled.items()}
        return PerMinute(
            until=now,
            published=_per_minute(published, now, minutes),
            handled={name: numbers for name, numbers in counts.items() if any(numbers)},
        )


def _state(
    tables: InMemoryStreamDatabase, name: str, now: datetime, horizon: float
) -> SubscriberState:
    times = [at for at, _ in behind(tables, name, now, horizon)]
    return SubscriberState(
        name=name,
        lag=len(times),
        lag_seconds=_age(min(times), now) if times else None,
        dead_letters=sum(of == name for of, _ in tables.dead_letters),
        paused_since=tables.pauses.get(name),
    )


def _outside(tables: InMemoryStreamDatabase, name: str) -> OutsideProgress:
    since = {type_: at for (of, type_), at in tables.subscriptions.items() if of == name}
    types = {id_: wire_type(message) for id_, message in tables.messages.items()}
    return OutsideProgress(
        name=name,
        published=sum(
            type_ in since and tables.recorded[id_] >= since[type_] for id_, type_ in types.items()
        ),
        waiting=sum(
            key.subscriber == name
            or (key.subscriber == ALL_SUBSCRIBERS and types.get(key.message_id) in since)
            for key in tables.outbox
        ),
        dead_letters=sum(of == name for of, _ in tables.dead_letters),
        replaying=any(of == name for of, _ in tables.replays),
    )


def _waiting_since(rows: Collection[OutboxRow], now: datetime) -> Iterator[datetime]:
    for row in rows:
        if row.key.subscriber != ALL_SUBSCRIBERS:
            if row.leased_until <= now:
                yield row.leased_until
        elif row.added_at is not None:
            yield row.added_at


def _per_minute(times: Collection[datetime], now: datetime, minutes: int) -> Sequence[int]:
    ago = Counter(int(_age(at, now) // 60) for at in times)
    return [ago[minute] for minute in reversed(range(minutes))]


def _age(moment: datetime, now: datetime) -> float:
    return round(max(0.0, (now - moment).total_seconds()), 1)
