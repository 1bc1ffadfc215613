"""Statistics of outbox and subscribers, in memory."""

from collections import Counter
from collections.abc import Collection, Iterator
from datetime import datetime

from reading_club.adapters.memory.database import InMemoryStreamDatabase, OutboxRow
from reading_club.adapters.memory.subscriptions import behind
from reading_club.eventstream.ports.outbox import ALL_SUBSCRIBERS
from reading_club.eventstream.ports.statistics import Backlog, BlockedQueue, SubscriberProgress
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
            )


def _waiting_since(rows: Collection[OutboxRow], now: datetime) -> Iterator[datetime]:
    for row in rows:
        if row.key.subscriber != ALL_SUBSCRIBERS:
            if row.leased_until <= now:
                yield row.leased_until
        elif row.added_at is not None:
            yield row.added_at


def _age(moment: datetime, now: datetime) -> float:
    return round(max(0.0, (now - moment).total_seconds()), 1)
