"""The activity log, in memory."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any
from uuid import UUID

from reading_club.adapters.memory import generations
from reading_club.adapters.memory.read_model import InMemoryReadModel
from reading_club.service.activity import ActivityEntry, Arrival


class InMemoryActivityLog(InMemoryReadModel):
    """The activity log, in memory."""

    name = "activity"
    tables = ("activity", "activity_arrivals", "activity_erasures")
    lasting = ("activity_arrivals", "activity_erasures")

    async def record(self, entry: ActivityEntry) -> None:
        """Add an entry, without the words of erased reviewers; a known id changes nothing."""

        def insert(tables: Any) -> None:
            reviewer_id = entry.reviewer_id
            is_erased = reviewer_id in tables.activity_erasures
            kept = entry.without_words_of(reviewer_id) if reviewer_id and is_erased else entry
            for number in generations.written(self.transaction, tables, self.name):
                generations.rows_of(tables, "activity", number).setdefault(kept.id, kept)
            if self.name not in self.transaction.rebuilding:
                positions = tables.activity_arrivals
                positions.setdefault(kept.id, len(positions) + 1)

        self.transaction.write(insert)

    async def erase(self, reviewer_id: UUID) -> None:
        """Drop the words in every generation, and keep the reviewer's id for entries to come."""

        def erase(tables: Any) -> None:
            tables.activity_erasures[reviewer_id] = True
            kept = [number for table, number, _ in tables.rebuilt if table == "activity"]
            for number in {0, *kept}:
                rows = generations.rows_of(tables, "activity", number)
                for id_, entry in list(rows.items()):
                    rows[id_] = entry.without_words_of(reviewer_id)

        self.transaction.write(erase)

    async def page(self, *, before: UUID | None = None, limit: int = 50) -> Sequence[ActivityEntry]:
        """Return up to ``limit`` entries, the highest id first."""
        return list(islice(_newest(self.live("activity"), before), limit))

    async def arrived(self, *, after: int, limit: int) -> Sequence[Arrival]:
        """Return up to ``limit`` arrivals, in their order."""
        rows, positions = self.live("activity"), self.transaction.tables.activity_arrivals
        found = [
            Arrival(position, rows[id_])
            for id_, position in positions.items()
            if position > after and id_ in rows
        ]
        return sorted(found, key=lambda arrival: arrival.position)[:limit]

    async def latest_position(self) -> int:
        """Return the highest position."""
        return max(self.transaction.tables.activity_arrivals.values(), default=0)


def _newest(rows: Mapping[UUID, ActivityEntry], before: UUID | None) -> Iterator[ActivityEntry]:
    """Yield the entries with ids below ``before``, the highest id first."""
    for identifier in sorted(rows, reverse=True):
        if before is None or identifier < before:
            yield rows[identifier]
