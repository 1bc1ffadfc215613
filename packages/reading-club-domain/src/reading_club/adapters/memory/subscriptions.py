"""Subscriptions and missing events, in memory."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from reading_club.adapters.memory.database import InMemoryStreamDatabase, InMemoryTransaction
from reading_club.adapters.memory.rows import Count, OutboxRow
from reading_club.eventstream.ports.dead_letters import RELAY
from reading_club.eventstream.ports.inbox import InboxKey
from reading_club.eventstream.ports.outbox import ALL_SUBSCRIBERS, NO_LEASE, OutboxKey
from reading_club.eventstream.ports.subscriptions import NOTHING_CONVERTED
from reading_club.eventstream.wire import wire_type

NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


class InMemorySubscriptions:
    """Subscriptions and their missing events, in memory."""

    def __init__(self, transaction: InMemoryTransaction[Any]) -> None:
        self.transaction = transaction

    async def subscribe(
        self,
        subscriber: str,
        types: Collection[str],
        *,
        outside: bool = False,
        converted: Mapping[str, str] = NOTHING_CONVERTED,
    ) -> None:
        """Subscribe to these types from now on, and to those that are converted."""
        now = self.transaction.now

        def insert(tables: InMemoryStreamDatabase) -> None:
            for type_ in [*types, *converted]:
                key = (subscriber, type_)
                if outside or key not in tables.subscriptions:
                    tables.delivered_as.pop(key, None)
                    if type_ in converted:
                        tables.delivered_as[key] = converted[type_]
                tables.subscriptions.setdefault(key, now)
                tables.outside.setdefault(key, outside)

        self.transaction.write(insert)

    async def outside(self) -> Mapping[str, frozenset[str]]:
        """Return the subscribers outside with the types of their queues."""
        return self._types(outside=True)

    async def own(self) -> Mapping[str, frozenset[str]]:
        """Return the subscribers that are not outside with their types."""
        return self._types(outside=False)

    async def remove_outside(self, subscriber: str) -> bool:
        """Delete the rows of a subscriber outside."""
        found = subscriber in await self.outside()

        def remove(tables: InMemoryStreamDatabase) -> None:
            for key in [k for k, outside in tables.outside.items() if outside]:
                if key[0] == subscriber:
                    del tables.outside[key], tables.subscriptions[key]
                    tables.replays.pop(key, None)
                    tables.delivered_as.pop(key, None)
            if any(name == subscriber for name, _ in tables.subscriptions):
                return
            for row in [k for k in tables.outbox if k.subscriber == subscriber]:
                del tables.outbox[row]

        self.transaction.write(remove)
        return found

    async def requeue_missing(
        self, subscriber: str, *, idle: bool, after: float, horizon: float, limit: int
    ) -> int:
        """Put missing events into the outbox, unless the subscriber is paused; return how many."""
        if subscriber in self.transaction.tables.pauses:
            return 0
        now, wait = self.transaction.now, timedelta(seconds=after)
        newest = now if idle else self._newest(subscriber)
        missing = [
            inbox_key
            for inbox_key, recorded_at in self._missing(subscriber, after, horizon)
            if recorded_at <= min(newest, now) - wait
        ][:limit]
        for inbox_key in missing:
            self.transaction.write(lambda tables, r=inbox_key: _resend(tables, r, now))  # type: ignore[misc]
        return len(missing)

    def _types(self, *, outside: bool) -> Mapping[str, frozenset[str]]:
        types, tables = defaultdict[str, set[str]](set), self.transaction.tables
        for (name, type_), is_outside in tables.outside.items():
            if is_outside == outside and (name, type_) not in tables.delivered_as:
                types[name].add(type_)
        return {name: frozenset(types[name]) for name in sorted(types)}

    def _newest(self, subscriber: str) -> datetime:
        """Return the time of publication of the newest event that the subscriber has received."""
        tables = self.transaction.tables
        received = (message_id for name, message_id in tables.inbox if name == subscriber)
        known = [tables.recorded[id_] for id_ in received if id_ in tables.recorded]
        return max(known, default=NEVER)

    def _missing(
        self, subscriber: str, after: float, horizon: float
    ) -> Iterator[tuple[InboxKey, datetime]]:
        tables, now = self.transaction.tables, self.transaction.now
        for recorded_at, id_ in behind(tables, subscriber, now, horizon):
            inbox_key = InboxKey(subscriber, id_)
            if not _waits(tables, inbox_key, now, after):
                yield inbox_key, recorded_at


def behind(
    tables: InMemoryStreamDatabase, subscriber: str, now: datetime, horizon: float
) -> Iterator[tuple[datetime, UUID]]:
    """Yield time and id of the events that a subscriber has yet to receive, the oldest first.

    The events were recorded since it subscribed and up to ``horizon`` seconds ago, and have neither
    an inbox row nor a dead letter. The reconciler's missing events are a subset.
    """
    oldest = now - timedelta(seconds=horizon)
    for recorded_at, id_ in sorted((at, id_) for id_, at in tables.recorded.items()):
        since = tables.subscriptions.get((subscriber, wire_type(tables.messages[id_])))
        if since is None or recorded_at < max(since, oldest):
            continue
        if not any(
            InboxKey(name, id_) in tables.inbox or (name, id_) in tables.dead_letters
            for name in (subscriber, RELAY)
        ):
            yield recorded_at, id_


def _waits(
    tables: InMemoryStreamDatabase, inbox_key: InboxKey, now: datetime, after: float
) -> bool:
    """Whether the event is in the outbox, or was re-sent a short time ago."""
    subscriber, message_id = inbox_key
    sent = tables.resends.get(inbox_key)
    return any(
        OutboxKey(message_id, name) in tables.outbox for name in (ALL_SUBSCRIBERS, subscriber)
    ) or (sent is not None and now - sent.at < timedelta(seconds=after * 2.0**sent.number))


def _resend(tables: InMemoryStreamDatabase, inbox_key: InboxKey, now: datetime) -> None:
    key = OutboxKey(inbox_key.message_id, inbox_key.subscriber)
    tables.outbox.setdefault(key, OutboxRow(key, NO_LEASE, now, added_at=now))
    sent = tables.resends.get(inbox_key)
    tables.resends[inbox_key] = Count(1 if sent is None else sent.number + 1, now)
