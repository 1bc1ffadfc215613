"""In-memory adapters of the inbox, the subscriptions and their missing events."""

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from messagebus import Message

from reading_club.domain.errors import WriteConflict
from reading_club.service.dead_letters import RELAY
from reading_club.service.inbox import Attempts, Receipt
from reading_club.service.outbox.port import EVERYBODY, Key
from reading_club.testing.memory import Count, MemoryTransaction, OutboxRow, Tables
from reading_club.testing.outbox import NOBODY

NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


class InMemoryInbox:
    """The inbox, in memory.

    Of two transactions that insert the same row, the second to commit is refused as a whole,
    with AlreadyReceived; neither waits for the other.
    """

    def __init__(self, transaction: MemoryTransaction) -> None:
        self.transaction = transaction

    async def receive(self, receipt: Receipt) -> bool:
        """Insert an inbox row; return False if it exists."""
        if receipt in self.transaction.tables.inbox:
            return False
        now = self.transaction.now

        def insert(tables: Tables) -> None:
            if receipt in tables.inbox:
                raise AlreadyReceived(receipt)
            tables.inbox[receipt] = now

        self.transaction.write(insert)
        return True

    async def receive_all(self, receipts: Collection[Receipt]) -> Collection[Receipt]:
        """Insert inbox rows; return the keys of the new ones."""
        return [receipt for receipt in receipts if await self.receive(receipt)]

    async def count_attempt(self, receipt: Receipt, *, apart: float = 0.0) -> int:
        """Count an attempt, unless the last one is less than ``apart`` seconds ago."""
        now = self.transaction.now

        def count(tables: Tables) -> None:
            known = tables.attempts.get(receipt)
            if known is None:
                tables.attempts[receipt] = Count(1, now)
            elif now - known.at >= timedelta(seconds=apart):
                tables.attempts[receipt] = replace(known, number=known.number + 1, at=now)

        self.transaction.write(count)
        return self.transaction.tables.attempts[receipt].number

    async def attempts(self, receipt: Receipt) -> Attempts:
        """Return the count and its age."""
        known = self.transaction.tables.attempts.get(receipt)
        if known is None:
            return Attempts()
        return Attempts(known.number, (self.transaction.now - known.at).total_seconds())

    async def take_back_attempt(self, receipt: Receipt) -> None:
        """Subtract one attempt, down to 0."""

        def take_back(tables: Tables) -> None:
            known = tables.attempts.get(receipt)
            if known is not None:
                tables.attempts[receipt] = replace(known, number=max(0, known.number - 1))

        self.transaction.write(take_back)

    async def count_stall(self, receipt: Receipt, *, within: float) -> int:
        """Record a stall; it counts if another message was received within ``within`` seconds."""
        now = self.transaction.now

        def count(tables: Tables) -> None:
            known = tables.attempts.get(receipt, Count(0, now))
            others = any(
                one.subscriber == receipt.subscriber and now - at < timedelta(seconds=within)
                for one, at in tables.inbox.items()
            )
            tables.attempts[receipt] = replace(known, at=now, stalls=known.stalls + others)

        self.transaction.write(count)
        return self.transaction.tables.attempts[receipt].stalls

    async def forget_attempts(self, receipt: Receipt) -> None:
        """Reset attempts and stalls to zero."""
        self.transaction.write(lambda tables: tables.attempts.pop(receipt, None))


class AlreadyReceived(WriteConflict):
    """Another transaction has inserted the inbox row first."""

    def __init__(self, receipt: Receipt) -> None:
        super().__init__(f"{receipt.message_id} has reached {receipt.subscriber} already")


class InMemoryReceipts:
    """Subscriptions and their missing events, in memory."""

    def __init__(self, transaction: MemoryTransaction) -> None:
        self.transaction = transaction

    async def subscribe(self, subscriber: str, types: Collection[str]) -> None:
        """Subscribe to these types from now on."""
        now = self.transaction.now
        for type_ in types:
            key = (subscriber, type_)
            self.transaction.write(lambda t, key=key: t.subscriptions.setdefault(key, now))  # type: ignore[misc]

    async def resend_missing(
        self, subscriber: str, *, idle: bool, after: float, horizon: float, limit: int
    ) -> int:
        """Put missing events into the outbox; return how many."""
        now, wait = self.transaction.now, timedelta(seconds=after)
        newest = now if idle else self._newest(subscriber)
        oldest = now - timedelta(seconds=horizon)
        missing = [
            receipt
            for receipt, recorded_at in self._unaccounted(subscriber, now, after)
            if oldest <= recorded_at <= min(newest, now) - wait
        ][:limit]
        for receipt in missing:
            self.transaction.write(lambda tables, r=receipt: _resend(tables, r, now))  # type: ignore[misc]
        return len(missing)

    def _newest(self, subscriber: str) -> datetime:
        """Return the time of publication of the newest event that the subscriber has received."""
        tables = self.transaction.tables
        received = (message_id for name, message_id in tables.inbox if name == subscriber)
        known = [tables.recorded[id_] for id_ in received if id_ in tables.recorded]
        return max(known, default=NEVER)

    def _unaccounted(
        self, subscriber: str, now: datetime, after: float
    ) -> Iterator[tuple[Receipt, datetime]]:
        tables = self.transaction.tables
        for recorded_at, id_ in sorted((at, id_) for id_, at in tables.recorded.items()):
            since = tables.subscriptions.get((subscriber, _type(tables.messages[id_])))
            receipt = Receipt(subscriber, id_)
            wanted = since is not None and recorded_at >= since
            if wanted and not _accounted_for(tables, receipt, now, after):
                yield receipt, recorded_at


def _type(message: Message[Any]) -> str:
    return f"{message.metadata.name}_v{message.metadata.schema_version}"


def _accounted_for(tables: Tables, receipt: Receipt, now: datetime, after: float) -> bool:
    subscriber, message_id = receipt
    sent = tables.resends.get(receipt)
    return (
        any(Receipt(name, message_id) in tables.inbox for name in (subscriber, RELAY))
        or any((name, message_id) in tables.dead_letters for name in (subscriber, RELAY))
        or Key(message_id, EVERYBODY) in tables.outbox
        or Key(message_id, subscriber) in tables.outbox
        or (sent is not None and now - sent.at < timedelta(seconds=after * 2.0**sent.number))
    )


def _resend(tables: Tables, receipt: Receipt, now: datetime) -> None:
    key = Key(receipt.message_id, receipt.subscriber)
    tables.outbox.setdefault(key, OutboxRow(key, NOBODY, now, added_at=now))
    sent = tables.resends.get(receipt)
    tables.resends[receipt] = Count(1 if sent is None else sent.number + 1, now)
