"""The outbox, on the database in memory, and a broker that is a list."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from messagebus.service.eventstream import MessageSerializer

from reading_club.service.dead_letters import RELAY, DeadLetter
from reading_club.service.outbox.port import (
    EVERYBODY,
    Key,
    Lease,
    OutboxTransport,
    Outgoing,
    Published,
)
from reading_club.testing.memory import (
    MemoryDatabase,
    MemoryTransaction,
    OutboxRow,
    Overlay,
    Tables,
)

NOBODY: Final = UUID(int=0)
"""The token of rows that nobody has leased."""


class InMemoryOutboxEntries:
    """The outbox as a transaction writes to it, in memory."""

    def __init__(self, transaction: MemoryTransaction) -> None:
        self.transaction = transaction

    async def add(self, key: Key, envelope: Mapping[str, Any] | None = None) -> None:
        """Let the relay send an event."""
        row = OutboxRow(key, NOBODY, self.transaction.now, envelope=envelope)
        self.transaction.write(lambda tables: tables.outbox.setdefault(key, row))


class InMemoryOutbox:
    """The outbox as a relay sees it, in memory."""

    def __init__(self, database: MemoryDatabase) -> None:
        self.database = database

    async def claim(self, limit: int, lease: Lease) -> Sequence[Outgoing]:
        """Lease the oldest rows whose lease has run out."""
        transaction = MemoryTransaction(self.database)
        now = self.database.clock()
        waiting = transaction.tables.outbox
        due = [waiting[key] for key in sorted(waiting) if waiting[key].leased_until <= now]
        until = now + timedelta(seconds=lease.seconds)
        for row in due[:limit]:
            waiting[row.key] = replace(row, token=lease.token, leased_until=until)
        _settle(transaction)
        return [self._outgoing(row) for row in due[:limit]]

    async def delete(self, token: UUID, keys: Collection[Key]) -> None:
        """Forget rows that bear the token."""
        self._change(token, keys, lambda tables, row: tables.outbox.pop(row.key))

    async def release(self, token: UUID, keys: Collection[Key]) -> None:
        """Give rows back that bear the token."""
        now = self.database.clock()
        self._change(token, keys, lambda t, row: _put(t, replace(row, leased_until=now)))

    async def fail(self, token: UUID, failures: Mapping[Key, str], *, retry_in: float) -> None:
        """Count an attempt for rows that bear the token."""
        until = self.database.clock() + timedelta(seconds=retry_in)

        def count(tables: Tables, row: OutboxRow) -> None:
            _put(tables, replace(row, attempts=row.attempts + 1, leased_until=until))

        self._change(token, failures, count)

    async def bury(self, token: UUID, failures: Mapping[Key, str]) -> None:
        """Make dead letters of rows that bear the token."""

        def bury(tables: Tables, row: OutboxRow) -> None:
            del tables.outbox[row.key]
            letter = self._letter(row, failures[row.key])
            tables.dead_letters.setdefault((letter.subscriber, letter.message_id), letter)

        self._change(token, failures, bury)

    def _change(
        self, token: UUID, keys: Collection[Key], change: Callable[[Tables, OutboxRow], object]
    ) -> None:
        transaction = MemoryTransaction(self.database)
        for key in keys:
            row = transaction.tables.outbox.get(key)
            if row is not None and row.token == token:
                change(transaction.tables, row)
        _settle(transaction)

    def _letter(self, row: OutboxRow, error: str) -> DeadLetter:
        event = self._outgoing(row)
        return DeadLetter(
            subscriber=row.key.subscriber if row.key.subscriber != EVERYBODY else RELAY,
            message_id=row.key.message_id,
            type=event.envelope["type"],
            envelope=event.envelope,
            error=error,
            set_aside_at=self.database.clock(),
            attempts=row.attempts + 1,
        )

    def _outgoing(self, row: OutboxRow) -> Outgoing:
        envelope = row.envelope
        if envelope is None:
            message = self.database.messages[row.key.message_id]
            envelope = MessageSerializer().serialize_message(message)
        return Outgoing(row.key, envelope, row.attempts)


def _put(tables: Tables, row: OutboxRow) -> None:
    tables.outbox[row.key] = row


def _settle(transaction: MemoryTransaction) -> None:
    view = transaction.tables
    assert isinstance(view, Overlay)
    view.settle()


class InMemoryPublisher:
    """A broker that is a list: ``sent`` are the events that it has confirmed, in order.

    Set ``outage`` to have it away, after ``before_outage`` more events. What a test puts into
    ``refused``, by message id, is refused for reasons of its own.
    """

    def __init__(self) -> None:
        self.sent: list[Outgoing] = []
        self.windows: list[int] = []
        self.outage: Exception | None = None
        self.before_outage = 0
        self.refused: dict[UUID, str] = {}

    def publish(self, events: Sequence[Outgoing]) -> Published:
        """Append the events, as far as the broker is there and takes them."""
        self.windows.append(len(events))
        failed = {e.key: self.refused[e.key.message_id] for e in events if self._refuses(e)}
        taken = [event for event in events if event.key not in failed]
        if self.outage is not None:
            taken = taken[: self.before_outage]
            self.before_outage -= len(taken)
        self.sent += taken
        return Published({event.key for event in taken}, failed, self.outage)

    def close(self) -> None:
        """Close nothing."""

    def _refuses(self, event: Outgoing) -> bool:
        return event.key.message_id in self.refused


class RelayedTransport(OutboxTransport):
    """An event stream whose events are left to the relay: nothing is sent after the commit."""

    def __init__(self, lease: Lease | None = None) -> None:
        self._lease = lease or Lease(0.0)
        self.handed_over: list[Mapping[str, Any]] = []

    @property
    def lease(self) -> Lease:
        """The lease that rows are inserted with; it has run out at once unless a test wants one."""
        return self._lease

    async def send_message_serialized(self, message: Mapping[str, Any]) -> None:
        """Remember what was handed over."""
        self.handed_over.append(message)
