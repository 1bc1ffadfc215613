"""In-memory adapter of the inbox."""

from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta

from reading_club.adapters.memory.database import Count, InMemoryTransaction, Tables
from reading_club.eventstream.errors import WriteConflict
from reading_club.eventstream.ports.inbox import Attempts, InboxKey


class InMemoryInbox:
    """The inbox, in memory.

    Of two transactions that insert the same row, the second to commit is refused as a whole,
    with AlreadyReceived; neither waits for the other.
    """

    def __init__(self, transaction: InMemoryTransaction) -> None:
        self.transaction = transaction

    async def insert_new(self, receipt: InboxKey) -> bool:
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

    async def insert_new_many(self, receipts: Collection[InboxKey]) -> Collection[InboxKey]:
        """Insert inbox rows; return the keys of the new ones."""
        return [receipt for receipt in receipts if await self.insert_new(receipt)]

    async def count_attempt(self, receipt: InboxKey, *, min_interval: float = 0.0) -> int:
        """Count an attempt, unless the last one is less than ``apart`` seconds ago."""
        now = self.transaction.now

        def count(tables: Tables) -> None:
            known = tables.attempts.get(receipt)
            if known is None:
                tables.attempts[receipt] = Count(1, now)
            elif now - known.at >= timedelta(seconds=min_interval):
                tables.attempts[receipt] = replace(known, number=known.number + 1, at=now)

        self.transaction.write(count)
        return self.transaction.tables.attempts[receipt].number

    async def attempts(self, receipt: InboxKey) -> Attempts:
        """Return the count and its age."""
        known = self.transaction.tables.attempts.get(receipt)
        if known is None:
            return Attempts()
        return Attempts(known.number, (self.transaction.now - known.at).total_seconds())

    async def take_back_attempt(self, receipt: InboxKey) -> None:
        """Subtract one attempt, down to 0."""

        def take_back(tables: Tables) -> None:
            known = tables.attempts.get(receipt)
            if known is not None:
                tables.attempts[receipt] = replace(known, number=max(0, known.number - 1))

        self.transaction.write(take_back)

    async def count_stall(self, receipt: InboxKey, *, within: float) -> int:
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

    async def forget_attempts(self, receipt: InboxKey) -> None:
        """Reset attempts and stalls to zero."""
        self.transaction.write(lambda tables: tables.attempts.pop(receipt, None))


class AlreadyReceived(WriteConflict):
    """Another transaction has inserted the inbox row first."""

    def __init__(self, receipt: InboxKey) -> None:
        super().__init__(f"{receipt.message_id} has reached {receipt.subscriber} already")
