"""In-memory adapter of the inbox."""

from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta
from typing import Any

from reading_club.adapters.memory.database import InMemoryStreamDatabase, InMemoryTransaction
from reading_club.adapters.memory.rows import Count
from reading_club.eventstream.errors import WriteConflict
from reading_club.eventstream.ports.inbox import Attempts, InboxKey


class InMemoryInbox:
    """The inbox, in memory.

    Of two transactions that insert the same row, the second to commit is refused as a whole,
    with AlreadyReceived; neither waits for the other.
    """

    def __init__(self, transaction: InMemoryTransaction[Any]) -> None:
        self.transaction = transaction

    async def insert_new(self, inbox_key: InboxKey) -> bool:
        """Insert an inbox row; return False if it exists."""
        if inbox_key in self.transaction.tables.inbox:
            return False
        now = self.transaction.now

        def insert(tables: InMemoryStreamDatabase) -> None:
            if inbox_key in tables.inbox:
                raise AlreadyReceived(inbox_key)
            tables.inbox[inbox_key] = now

        self.transaction.write(insert)
        return True

    async def insert_new_many(self, inbox_keys: Collection[InboxKey]) -> Collection[InboxKey]:
        """Insert inbox rows; return the keys of the new ones."""
        return [inbox_key for inbox_key in inbox_keys if await self.insert_new(inbox_key)]

    async def count_attempt(self, inbox_key: InboxKey, *, min_interval: float = 0.0) -> Attempts:
        """Count an attempt, unless the last one is less than ``min_interval`` seconds ago."""
        now = self.transaction.now

        before = self.transaction.tables.attempts.get(inbox_key)

        def count(tables: InMemoryStreamDatabase) -> None:
            known = tables.attempts.get(inbox_key)
            if known is None:
                tables.attempts[inbox_key] = Count(1, now)
            else:
                at = max(now, known.at)  # who commits second has waited for the first
                if at - known.at >= timedelta(seconds=min_interval):
                    tables.attempts[inbox_key] = replace(known, number=known.number + 1, at=at)

        self.transaction.write(count)
        counted = self.transaction.tables.attempts[inbox_key] != before
        return (await self.attempts(inbox_key))._replace(counted=counted)

    async def attempts(self, inbox_key: InboxKey) -> Attempts:
        """Return the count and its age."""
        known = self.transaction.tables.attempts.get(inbox_key)
        if known is None:
            return Attempts()
        age = (self.transaction.now - known.at).total_seconds()
        return Attempts(known.number, age, known.at)

    async def take_back_attempt(self, inbox_key: InboxKey) -> Attempts:
        """Subtract one attempt, if there is any; return those left."""
        if not (await self.attempts(inbox_key)).number:
            return Attempts()

        def take_back(tables: InMemoryStreamDatabase) -> None:
            known = tables.attempts.get(inbox_key)
            if known is not None:
                tables.attempts[inbox_key] = replace(known, number=max(0, known.number - 1))

        self.transaction.write(take_back)
        return await self.attempts(inbox_key)

    async def count_stall(self, inbox_key: InboxKey, *, within: float) -> int:
        """Record a stall; it counts if another message was received within ``within`` seconds."""
        now = self.transaction.now

        def count(tables: InMemoryStreamDatabase) -> None:
            known = tables.attempts.get(inbox_key, Count(0, now))
            others = any(
                one.subscriber == inbox_key.subscriber and now - at < timedelta(seconds=within)
                for one, at in tables.inbox.items()
            )
            tables.attempts[inbox_key] = replace(known, at=now, stalls=known.stalls + others)

        self.transaction.write(count)
        return int(self.transaction.tables.attempts[inbox_key].stalls)

    async def forget_attempts(self, inbox_key: InboxKey) -> None:
        """Reset attempts and stalls to zero."""
        self.transaction.write(lambda tables: tables.attempts.pop(inbox_key, None))


class AlreadyReceived(WriteConflict):
    """Another transaction has inserted the inbox row first."""

    def __init__(self, inbox_key: InboxKey) -> None:
        super().__init__(f"{inbox_key.message_id} has reached {inbox_key.subscriber} already")
