"""The activity log, in memory."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from uuid import UUID

from reading_club.adapters.memory.read_model import InMemoryReadModel
from reading_club.service.activity import ActivityEntry


class InMemoryActivityLog(InMemoryReadModel):
    """The activity log, in memory."""

    name = "activity"
    tables = ("activity",)

    async def record(self, entry: ActivityEntry) -> None:
        """Add an entry; a known id changes nothing."""
        self.transaction.write(lambda tables: tables.activity.setdefault(entry.id, entry))

    async def page(self, *, before: UUID | None = None, limit: int = 50) -> Sequence[ActivityEntry]:
        """Return up to ``limit`` entries, the highest id first."""
        return list(islice(_newest(self.transaction.tables.activity, before), limit))


def _newest(rows: Mapping[UUID, ActivityEntry], before: UUID | None) -> Iterator[ActivityEntry]:
    """Yield the entries with ids below ``before``, the highest id first."""
    for identifier in sorted(rows, reverse=True):
        if before is None or identifier < before:
            yield rows[identifier]
