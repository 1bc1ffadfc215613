"""In-memory adapters of the activity log and the catalogue."""

from collections.abc import Sequence
from itertools import islice
from uuid import UUID

from reading_club.adapters.memory.club_database import InMemoryDatabase
from reading_club.adapters.memory.database import InMemoryTransaction
from reading_club.adapters.memory.repositories import newest
from reading_club.service.activity import ActivityEntry


class InMemoryActivityLog:
    """The activity log, in memory."""

    def __init__(self, transaction: InMemoryTransaction[InMemoryDatabase]) -> None:
        self.transaction = transaction

    async def record(self, entry: ActivityEntry) -> None:
        """Add an entry; a known id changes nothing."""
        self.transaction.write(lambda tables: tables.activity.setdefault(entry.id, entry))

    async def page(self, *, before: UUID | None = None, limit: int = 50) -> Sequence[ActivityEntry]:
        """Return up to ``limit`` entries, the highest id first."""
        return list(islice(newest(self.transaction.tables.activity, before), limit))
