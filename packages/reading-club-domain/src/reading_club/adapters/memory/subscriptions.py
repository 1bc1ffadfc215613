"""Subscriptions and missing events, in memory."""

from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from reading_club.adapters.memory.database import InMemoryTransaction
from reading_club.adapters.memory.inbox import (
    _accounted_for,
    _resend,
    _type,
)
from reading_club.eventstream.ports.inbox import InboxKey

NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


class InMemorySubscriptions:
    """Subscriptions and their missing events, in memory."""

    def __init__(self, transaction: InMemoryTransaction[Any]) -> None:
        self.transaction = transaction

    async def subscribe(self, subscriber: str, types: Collection[str]) -> None:
        """Subscribe to these types from now on."""
        now = self.transaction.now
        for type_ in types:
            key = (subscriber, type_)
            self.transaction.write(lambda t, key=key: t.subscriptions.setdefault(key, now))  # type: ignore[misc]

    async def requeue_missing(
        self, subscriber: str, *, idle: bool, after: float, horizon: float, limit: int
    ) -> int:
        """Put missing events into the outbox; return how many."""
        now, wait = self.transaction.now, timedelta(seconds=after)
        newest = now if idle else self._newest(subscriber)
        oldest = now - timedelta(seconds=horizon)
        missing = [
            inbox_key
            for inbox_key, recorded_at in self._missing_query(subscriber, now, after)
            if oldest <= recorded_at <= min(newest, now) - wait
        ][:limit]
        for inbox_key in missing:
            self.transaction.write(lambda tables, r=inbox_key: _resend(tables, r, now))  # type: ignore[misc]
        return len(missing)

    def _newest(self, subscriber: str) -> datetime:
        """Return the time of publication of the newest event that the subscriber has received."""
        tables = self.transaction.tables
        received = (message_id for name, message_id in tables.inbox if name == subscriber)
        known = [tables.recorded[id_] for id_ in received if id_ in tables.recorded]
        return max(known, default=NEVER)

    def _missing_query(
        self, subscriber: str, now: datetime, after: float
    ) -> Iterator[tuple[InboxKey, datetime]]:
        tables = self.transaction.tables
        for recorded_at, id_ in sorted((at, id_) for id_, at in tables.recorded.items()):
            since = tables.subscriptions.get((subscriber, _type(tables.messages[id_])))
            inbox_key = InboxKey(subscriber, id_)
            wanted = since is not None and recorded_at >= since
            if wanted and not _accounted_for(tables, inbox_key, now, after):
                yield inbox_key, recorded_at
