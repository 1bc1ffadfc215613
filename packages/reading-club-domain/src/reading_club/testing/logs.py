"""The activity log and the dead letters, on the database in memory."""

from collections.abc import Sequence
from itertools import islice
from uuid import UUID

from reading_club.service.activity import ActivityEntry
from reading_club.service.dead_letters import DeadLetter
from reading_club.testing.memory import MemoryTransaction
from reading_club.testing.repositories import newest


class InMemoryActivityLog:
    """The activity log, in memory."""

    def __init__(self, transaction: MemoryTransaction) -> None:
        self.transaction = transaction

    async def record(self, entry: ActivityEntry) -> None:
        """Add an entry; one with a known id changes nothing."""
        self.transaction.write(lambda tables: tables.activity.setdefault(entry.id, entry))

    async def page(self, *, before: UUID | None = None, limit: int = 50) -> Sequence[ActivityEntry]:
        """Return up to ``limit`` entries, the highest id first."""
        return list(islice(newest(self.transaction.tables.activity, before), limit))


class InMemoryDeadLetters:
    """The dead letters, in memory."""

    def __init__(self, transaction: MemoryTransaction) -> None:
        self.transaction = transaction

    async def add(self, letter: DeadLetter) -> None:
        """Keep a message; the same one for the same subscriber again changes nothing."""
        key = (letter.subscriber, letter.message_id)
        self.transaction.write(lambda tables: tables.dead_letters.setdefault(key, letter))

    async def page(self, *, limit: int = 50) -> Sequence[DeadLetter]:
        """Return up to ``limit`` letters, the newest first."""
        letters = self.transaction.tables.dead_letters.values()
        newest_first = sorted(
            letters, key=lambda letter: (letter.set_aside_at, letter.message_id), reverse=True
        )
        return newest_first[:limit]
