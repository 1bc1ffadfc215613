"""In-memory adapters of the outbox."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from heapq import nsmallest
from typing import Any
from uuid import UUID

from messagebus.service.eventstream import MessageSerializer

from reading_club.adapters.memory.database import InMemoryStreamDatabase, InMemoryTransaction
from reading_club.adapters.memory.dead_letters import keep_letter
from reading_club.adapters.memory.history import redacted_message
from reading_club.adapters.memory.rows import OutboxRow
from reading_club.eventstream.context import NO_CONTEXT
from reading_club.eventstream.dead_letters.writer import build_unsendable
from reading_club.eventstream.ports.inbox import InboxKey
from reading_club.eventstream.ports.outbox import (
    NO_LEASE,
    OLDEST,
    Lease,
    OutboxKey,
    OutboxMessage,
)


class InMemoryOutboxWriter:
    """The outbox as a unit of work writes to it, in memory."""

    def __init__(self, transaction: InMemoryTransaction[Any]) -> None:
        self.transaction = transaction

    async def add(self, key: OutboxKey, envelope: Mapping[str, Any] | None = None) -> None:
        """Insert a row that can be claimed at once; an existing row stays."""
        now = self.transaction.now
        row = OutboxRow(key, NO_LEASE, now, envelope=envelope, added_at=now)
        self.transaction.write(lambda tables: tables.outbox.setdefault(key, _kept(tables, row)))

    async def defer(
        self, key: OutboxKey, envelope: Mapping[str, Any], *, pause: float, reason: str
    ) -> None:
        """Insert a row to be claimed later, unless the event has an inbox row or dead letter."""
        now = self.transaction.now
        until = now + timedelta(seconds=pause)
        done = (key.subscriber, key.message_id)

        def put(tables: InMemoryStreamDatabase) -> None:
            known = tables.outbox.get(key)
            added_at = known.added_at if known else now
            row = OutboxRow(key, NO_LEASE, until, 0, envelope, added_at, reason, attempted=True)
            if InboxKey(*done) not in tables.inbox and done not in tables.dead_letters:
                tables.outbox[key] = _kept(tables, row)

        self.transaction.write(put)


def _kept(tables: InMemoryStreamDatabase, row: OutboxRow) -> OutboxRow:
    """Return the row without its envelope if the message was redacted: the stored one is sent."""
    return replace(row, envelope=None) if redacted_message(tables, row.key.message_id) else row


class InMemoryOutbox:
    """The outbox as relay and sender use it, in memory."""

    def __init__(self, database: InMemoryStreamDatabase) -> None:
        self.database = database

    async def claim(
        self, limit: int, lease: Lease, *, since: UUID = OLDEST
    ) -> Sequence[OutboxMessage]:
        """Lease the oldest rows whose lease has run out, of messages from ``since`` on."""
        with self.database.changed():
            waiting, now = self.database.outbox, self.database.clock()
            late = (key for key, row in waiting.items() if row.leased_until <= now)
            due = (key for key in late if key.message_id >= since)
            until = now + timedelta(seconds=lease.seconds)
            claimed = [
                replace(waiting[key], token=lease.token, leased_until=until)
                for key in nsmallest(limit, due)
            ]
            waiting.update({row.key: row for row in claimed})
            return [self._outgoing(row) for row in claimed]

    async def delete(self, token: UUID, keys: Collection[OutboxKey]) -> None:
        """Delete rows that bear the token."""
        with self._held_by(token, keys) as rows:
            for row in rows:
                del self.database.outbox[row.key]

    async def release(
        self,
        token: UUID,
        keys: Collection[OutboxKey],
        *,
        retry_in: float = 0.0,
        reason: str | None = None,
    ) -> None:
        """Give back rows that bear the token."""
        until = self.database.clock() + timedelta(seconds=retry_in)
        with self._held_by(token, keys) as rows:
            for row in rows:
                self._put(replace(row, leased_until=until, reason=reason or row.reason))

    async def split(
        self, token: UUID, keys: Collection[OutboxKey], *, retry_in: float = 0.0
    ) -> None:
        """Replace rows that bear the token by one for each subscriber."""
        now = self.database.clock()
        with self._held_by(token, keys) as rows:
            for row in rows:
                subscribers = self._subscribers(row)
                if not subscribers:
                    due = now + timedelta(seconds=retry_in)
                    self._put(OutboxRow(row.key, NO_LEASE, due, 0, row.envelope, now))
                    continue
                del self.database.outbox[row.key]
                for name in subscribers:
                    key = OutboxKey(row.key.message_id, name)
                    new = OutboxRow(key, NO_LEASE, now, envelope=row.envelope, added_at=now)
                    self.database.outbox.setdefault(key, new)

    def _subscribers(self, row: OutboxRow) -> Sequence[str]:
        wanted = self._outgoing(row).envelope.get("type")
        return [name for name, type_ in self.database.subscriptions if type_ == wanted]

    async def fail(
        self, token: UUID, failures: Mapping[OutboxKey, str], *, retry_in: float
    ) -> None:
        """Count an attempt for rows that bear the token."""
        until = self.database.clock() + timedelta(seconds=retry_in)
        with self._held_by(token, failures) as rows:
            for row in rows:
                self._put(replace(row, attempts=row.attempts + 1, leased_until=until))

    async def dead_letter(self, token: UUID, failures: Mapping[OutboxKey, str]) -> None:
        """Make dead letters of rows that bear the token."""
        with self._held_by(token, failures) as rows:
            for row in rows:
                del self.database.outbox[row.key]
                letter = build_unsendable(
                    self._outgoing(row), failures[row.key], self.database.clock()
                )
                keep_letter(self.database, letter)

    @contextmanager
    def _held_by(self, token: UUID, keys: Collection[OutboxKey]) -> Iterator[Sequence[OutboxRow]]:
        with self.database.changed():
            rows = [self.database.outbox[key] for key in keys if key in self.database.outbox]
            yield [row for row in rows if row.token == token]

    def _put(self, row: OutboxRow) -> None:
        self.database.outbox[row.key] = row

    def _outgoing(self, row: OutboxRow) -> OutboxMessage:
        envelope = row.envelope
        if envelope is None:
            message = self.database.messages.get(row.key.message_id)
            envelope = {} if message is None else MessageSerializer().serialize_message(message)
        age = self.database.clock() - row.added_at if row.added_at else timedelta()
        context = self.database.contexts.get(row.key.message_id, NO_CONTEXT)
        seconds = age.total_seconds()
        return OutboxMessage(row.key, envelope, row.attempts, seconds, row.attempted, context)
