"""The activity log on SQL."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    Column,
    Row,
    String,
    Subquery,
    Table,
    Uuid,
    select,
    text,
    union_all,
)

from reading_club.adapters.uow_sqla import activity_arrivals
from reading_club.adapters.uow_sqla.eventstream.generations import (
    live,
    live_parts,
    rebuilt,
    written,
)
from reading_club.adapters.uow_sqla.eventstream.history import names_an_id
from reading_club.adapters.uow_sqla.eventstream.projection_tables import rebuildable
from reading_club.adapters.uow_sqla.metadata import metadata
from reading_club.adapters.uow_sqla.read_model import SQLReadModel
from reading_club.adapters.uow_sqla.rewriting import rewrite
from reading_club.adapters.uow_sqla.session import Session
from reading_club.adapters.uow_sqla.statements import in_values, insert_new_many
from reading_club.adapters.uow_sqla.types import UtcDateTime
from reading_club.service.activity import ActivityEntry, Arrival
from reading_club.service.erasure import redactions

activity = rebuildable(
    "activity",
    Table(
        "activity",
        metadata,
        Column("id", Uuid, primary_key=True),
        Column("type", String(200), nullable=False),
        Column("occurred_at", UtcDateTime, nullable=False),
        Column("payload", JSON, nullable=False),
    ),
)

activity_erasures = Table(
    "activity_erasures", metadata, Column("reviewer_id", Uuid, primary_key=True)
)
"""The erased reviewers, whose words are dropped from events that arrive later.

It has no generations: who was erased stays so, in a rebuilt log as well, from the beginning.
"""

LOCK = text("LOCK TABLE activity, activity_rebuilt IN SHARE ROW EXCLUSIVE MODE")
"""Waits for the transactions that have inserted entries; new ones wait for this transaction."""


class SQLActivityLog(SQLReadModel):
    """The activity log, in the tables ``activity`` and ``activity_erasures``."""

    name = "activity"

    def __init__(self, session: Session) -> None:
        self.session = session
        self._rows: dict[UUID, dict[str, Any]] = {}
        self._reviewers = set[UUID]()
        self._erased = set[UUID]()

    async def record(self, entry: ActivityEntry) -> None:
        """Collect an entry, to be inserted before the commit unless its id is stored."""
        self._rows.setdefault(entry.id, entry.model_dump())
        if (reviewer_id := entry.reviewer_id) is not None:
            self._reviewers.add(reviewer_id)

    async def erase(self, reviewer_id: UUID) -> None:
        """Collect a reviewer, whose words are dropped before the commit."""
        self._erased.add(reviewer_id)

    async def flush(self) -> None:
        """Insert the collected entries by one statement, then drop the words of erased reviewers.

        The erasures are read after the INSERT: on PostgreSQL its lock excludes an erasure that this
        transaction does not see. The positions come last, as their lock lasts until the commit. A
        step of a rebuild gives none: an entry arrives when its event is handled.
        """
        rows, self._rows = self._rows, {}
        erased, self._erased = self._erased, set()
        reviewers, self._reviewers = self._reviewers, set()
        if erased and self.session.dialect == "postgresql":
            await self.session.write(LOCK)
        ordered = [rows[id_] for id_ in sorted(rows)]
        for each in await written(self.session, self.name) if rows else ():
            await insert_new_many(self.session, each.table(activity), ordered, constants=each.key)
        new = [{"reviewer_id": reviewer_id} for reviewer_id in sorted(erased)]
        await insert_new_many(self.session, activity_erasures, new)
        for reviewer_id in sorted(erased | await self._erased_among(reviewers)):
            await self._drop_words(reviewer_id)
        if ordered and self.name not in self.session.rebuilding:
            await activity_arrivals.append(self.session, [row["id"] for row in ordered])

    async def _erased_among(self, reviewers: set[UUID]) -> set[UUID]:
        if not reviewers:
            return set()
        known = activity_erasures.c.reviewer_id
        found = select(known).where(in_values(self.session, known, reviewers))
        return set((await self.session.read(found)).scalars())

    async def _drop_words(self, reviewer_id: UUID) -> None:
        """Drop the words in every generation, also in one that is out of use."""

        def change(row: Row[Any]) -> Mapping[str, Any]:
            entry = _entry(row)
            return {"payload": entry.without_words_of(reviewer_id).payload}

        for table in (activity, rebuilt(activity)):
            concerned = names_an_id(self.session, table, redactions(reviewer_id))
            await rewrite(self.session, table, change, concerned)

    async def page(self, *, before: UUID | None = None, limit: int = 50) -> Sequence[ActivityEntry]:
        """Return up to ``limit`` entries with ids below ``before``, the highest id first."""
        await self.flush()
        parts: list[Subquery] = []
        for table, is_live in live_parts(self.session, activity):
            columns = [table.c[each.name] for each in activity.c]
            newest = select(*columns).where(is_live).order_by(table.c.id.desc()).limit(limit)
            parts.append(
                (newest if before is None else newest.where(table.c.id < before)).subquery()
            )
        entries = union_all(*map(select, parts)).subquery()
        statement = select(entries).order_by(entries.c.id.desc()).limit(limit)
        return [_entry(row) for row in await self.session.read(statement)]

    async def arrived(self, *, after: int, limit: int) -> Sequence[Arrival]:
        """Return up to ``limit`` arrivals: one statement if there are none, else two.

        The second one finds the rows by their key, in the two tables of the generations.
        """
        await self.flush()
        entries = live(self.session, activity)
        while positions := await activity_arrivals.above(self.session, after, limit):
            known = in_values(self.session, entries.c.id, list(positions))
            found = await self.session.read(select(entries).where(known))
            arrivals = [Arrival(positions[row.id], _entry(row)) for row in found]
            if arrivals:
                return sorted(arrivals, key=lambda arrival: arrival.position)
            after = max(positions.values())  # a rebuild has left out these events
        return []

    async def latest_position(self) -> int:
        """Return the highest position."""
        await self.flush()
        return await activity_arrivals.highest(self.session)


def _entry(row: Row[Any]) -> ActivityEntry:
    fields = {name: getattr(row, name) for name in ActivityEntry.model_fields}
    return ActivityEntry.model_construct(**fields)
