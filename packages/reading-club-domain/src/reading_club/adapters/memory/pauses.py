"""In-memory adapters of the pauses and the returned messages."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from reading_club.adapters.memory.database import InMemoryTransaction
from reading_club.eventstream.ports.inbox import InboxKey


class InMemoryPauses:
    """The paused subscribers, in memory."""

    def __init__(self, transaction: InMemoryTransaction[Any]) -> None:
        self.transaction = transaction

    async def pause(self, subscriber: str) -> bool:
        """Insert a pause; return False if there is one."""
        if await self.is_paused(subscriber):
            return False
        now = self.transaction.now
        self.transaction.write(lambda tables: tables.pauses.setdefault(subscriber, now))
        return True

    async def resume(self, subscriber: str) -> bool:
        """Delete a pause; return False if there is none."""
        if not await self.is_paused(subscriber):
            return False
        self.transaction.write(lambda tables: tables.pauses.pop(subscriber, None))
        return True

    async def list(self) -> Mapping[str, datetime]:
        """Return the start of each pause, by subscriber."""
        return dict(sorted(self.transaction.tables.pauses.items()))

    async def is_paused(self, subscriber: str) -> bool:
        """Whether there is a pause of the subscriber."""
        return subscriber in self.transaction.tables.pauses


class InMemoryReturnedMessages:
    """The returned messages, in memory."""

    def __init__(self, transaction: InMemoryTransaction[Any]) -> None:
        self.transaction = transaction

    async def add(self, inbox_keys: Collection[InboxKey]) -> None:
        """Insert rows, unless there are some."""
        now = self.transaction.now
        for key in inbox_keys:
            self.transaction.write(lambda tables, k=key: tables.returned.setdefault(k, now))  # type: ignore[misc]

    async def take(self, inbox_keys: Collection[InboxKey]) -> Collection[InboxKey]:
        """Delete rows; return the keys of those that there were."""
        found = {key for key in inbox_keys if key in self.transaction.tables.returned}
        for key in found:
            self.transaction.write(lambda tables, k=key: tables.returned.pop(k, None))  # type: ignore[misc]
        return found
