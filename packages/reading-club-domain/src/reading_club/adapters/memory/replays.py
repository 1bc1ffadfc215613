"""Replays of the history, in memory."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from reading_club.adapters.memory.database import InMemoryStreamDatabase, InMemoryTransaction
from reading_club.adapters.memory.rows import OutboxRow, Span
from reading_club.eventstream.errors import ReplayRefused
from reading_club.eventstream.ports.dead_letters import RELAY
from reading_club.eventstream.ports.inbox import InboxKey
from reading_club.eventstream.ports.outbox import ALL_SUBSCRIBERS, NO_LEASE, OutboxKey
from reading_club.eventstream.ports.replays import ReplayStep
from reading_club.eventstream.wire import wire_type


class InMemoryReplays:
    """Replays, whose positions are numbers of messages in their order."""

    def __init__(self, transaction: InMemoryTransaction[Any]) -> None:
        self.transaction = transaction

    async def begin(
        self, subscriber: str, types: Collection[str], *, since: datetime | None, inbox: float
    ) -> None:
        """Store the span of the messages from ``since`` up to now. Raises ReplayRefused."""
        tables, reach = self.transaction.tables, self.transaction.now - timedelta(seconds=inbox)
        types = _stored(tables, subscriber, types)
        recorded = list(tables.recorded.items())
        wanted = [(n, at) for n, (_, at) in enumerate(recorded, 1) if since is None or at >= since]
        for number, at in wanted:
            type_ = wire_type(tables.messages[recorded[number - 1][0]])
            if type_ in types and at < reach and tables.subscriptions[subscriber, type_] <= reach:
                raise ReplayRefused(f"{type_}: the inbox does not reach back to the oldest events")
        span = Span(wanted[0][0] - 1 if wanted else len(recorded), len(recorded))

        def store(tables: InMemoryStreamDatabase) -> None:
            _forget(tables, subscriber)
            for type_ in types:
                tables.replays[subscriber, type_] = span

        self.transaction.write(store)

    async def remaining(self, subscriber: str) -> int | None:
        """Count the events that are left."""
        spans = _spans(self.transaction.tables, subscriber)
        return sum(1 for _ in self._left(subscriber, spans)) if spans else None

    async def step(self, subscriber: str, *, limit: int, most: int) -> ReplayStep:
        """Insert outbox rows, and move the spans."""
        tables, now = self.transaction.tables, self.transaction.now
        spans = _spans(tables, subscriber)
        room = min(limit, most - sum(key.subscriber == subscriber for key in tables.outbox))
        if not spans or room <= 0:
            return ReplayStep(0, finished=not spans)
        found = list(self._left(subscriber, spans))[:room]

        def change(tables: InMemoryStreamDatabase) -> None:
            for _, id_ in found:
                key = OutboxKey(id_, subscriber)
                tables.outbox.setdefault(key, OutboxRow(key, NO_LEASE, now, added_at=now))
            _forget(tables, subscriber)
            if len(found) == room:
                for type_, span in spans.items():
                    tables.replays[subscriber, type_] = Span(found[-1][0], span.until)

        self.transaction.write(change)
        return ReplayStep(len(found), finished=len(found) < room)

    def _left(self, subscriber: str, spans: Mapping[str, Span]) -> Iterator[tuple[int, UUID]]:
        """Yield position and id of the events that are left, the oldest first."""
        tables = self.transaction.tables
        for number, (id_, message) in enumerate(tables.messages.items(), 1):
            span = spans.get(wire_type(message), Span(0, 0))
            if span.after < number <= span.until and not _is_done(tables, subscriber, id_):
                yield number, id_


def _stored(
    tables: InMemoryStreamDatabase, subscriber: str, types: Collection[str]
) -> Collection[str]:
    """Return the types, and those of stored events that the subscriber gets in one of them."""
    converted = tables.delivered_as.items()
    return {*types, *(t for (name, t), got in converted if name == subscriber and got in types)}


def _spans(tables: InMemoryStreamDatabase, subscriber: str) -> dict[str, Span]:
    return {type_: span for (name, type_), span in tables.replays.items() if name == subscriber}


def _forget(tables: InMemoryStreamDatabase, subscriber: str) -> None:
    for type_ in _spans(tables, subscriber):
        del tables.replays[subscriber, type_]


def _is_done(tables: InMemoryStreamDatabase, subscriber: str, message_id: UUID) -> bool:
    """Whether the event was handled or given up, or waits in the outbox."""
    waits = any(OutboxKey(message_id, s) in tables.outbox for s in (ALL_SUBSCRIBERS, subscriber))
    return waits or any(
        InboxKey(name, message_id) in tables.inbox or (name, message_id) in tables.dead_letters
        for name in (RELAY, subscriber)
    )
