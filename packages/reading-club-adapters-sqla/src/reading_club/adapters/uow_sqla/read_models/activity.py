"""The activity log on SQL."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Column, String, Table, Uuid, select

from reading_club.adapters.uow_sqla.metadata import metadata
from reading_club.adapters.uow_sqla.read_model import SQLReadModel
from reading_club.adapters.uow_sqla.session import Session
from reading_club.adapters.uow_sqla.statements import insert_new_many
from reading_club.adapters.uow_sqla.types import UtcDateTime
from reading_club.service.activity import ActivityEntry

activity = Table(
    "activity",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("type", String(200), nullable=False),
    Column("occurred_at", UtcDateTime, nullable=False),
    Column("payload", JSON, nullable=False),
)


class SQLActivityLog(SQLReadModel):
    """The activity log, in the table ``activity``."""

    name = "activity"

    def __init__(self, session: Session) -> None:
        self.session = session
        self._rows: dict[UUID, dict[str, Any]] = {}

    async def record(self, entry: ActivityEntry) -> None:
        """Collect an entry, to be inserted before the commit unless its id is stored."""
        self._rows.setdefault(entry.id, entry.model_dump())

    async def flush(self) -> None:
        """Insert the collected entries by one statement."""
        rows, self._rows = self._rows, {}
        await insert_new_many(self.session, activity, [rows[id_] for id_ in sorted(rows)])

    async def page(self, *, before: UUID | None = None, limit: int = 50) -> Sequence[ActivityEntry]:
        """Return up to ``limit`` entries with ids below ``before``, the highest id first."""
        await self.flush()
        statement = select(activity).order_by(activity.c.id.desc()).limit(limit)
        if before is not None:
            statement = statement.where(activity.c.id < before)
        rows = await self.session.read(statement)
        return [ActivityEntry.model_construct(**row._asdict()) for row in rows]
