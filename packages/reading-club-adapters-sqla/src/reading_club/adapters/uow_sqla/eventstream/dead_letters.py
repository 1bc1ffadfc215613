"""The dead letters and their audit log on SQL."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, func, insert, select

from reading_club.adapters.uow_sqla.session import Session
from reading_club.adapters.uow_sqla.statements import has_key, insert_new
from reading_club.eventstream.ports.dead_letters import (
    NO_FILTER,
    AuditEntry,
    DeadLetter,
    DeadLetterFilter,
)


class SQLDeadLetters:
    """The dead letters, in the table ``dead_letters``."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def add(self, letter: DeadLetter) -> None:
        """Insert a dead letter by one statement, unless stored, or received by the subscriber."""
        tables = self.session.tables
        received = exists().where(has_key(tables.inbox, letter))
        await insert_new(self.session, tables.dead_letters, letter.model_dump(), ~received)

    async def page(
        self, wanted: DeadLetterFilter = NO_FILTER, *, limit: int = 50
    ) -> Sequence[DeadLetter]:
        """Return up to ``limit`` dead letters that match, the newest first."""
        dead_letters = self.session.tables.dead_letters
        columns = dead_letters.c
        newest_first = (columns.set_aside_at.desc(), columns.message_id.desc())
        found = select(dead_letters).where(*_conditions(columns, wanted))
        rows = await self.session.read(found.order_by(*newest_first).limit(limit))
        return [DeadLetter.model_validate(row._asdict()) for row in rows]

    async def remove(self, letter: DeadLetter) -> bool:
        """Delete a dead letter; False if it was deleted already."""
        dead_letters = self.session.tables.dead_letters
        removed = await self.session.write(
            delete(dead_letters).where(has_key(dead_letters, letter))
        )
        return removed.rowcount == 1


def _conditions(columns: Any, wanted: DeadLetterFilter) -> Iterator[ColumnElement[bool]]:
    if wanted.message_id is not None:
        yield columns.message_id == wanted.message_id
    if wanted.subscriber is not None:
        yield columns.subscriber == wanted.subscriber
    if wanted.error:
        # LIKE would ignore the case of ASCII characters on SQLite.
        yield func.replace(columns.error, wanted.error, "") != columns.error
    if wanted.parked is not None:
        yield columns.parked.is_(wanted.parked)
    if wanted.types is not None:
        yield columns.type.in_(wanted.types)


class SQLAuditLog:
    """The log of actions on dead letters, in the table ``audit``."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def record(self, entry: AuditEntry) -> None:
        """Insert an entry."""
        await self.session.write(insert(self.session.tables.audit).values(entry.model_dump()))

    async def page(self, *, limit: int = 50) -> Sequence[AuditEntry]:
        """Return up to ``limit`` entries, the newest first."""
        audit = self.session.tables.audit
        rows = await self.session.read(select(audit).order_by(audit.c.id.desc()).limit(limit))
        return [AuditEntry.model_validate(row._asdict()) for row in rows]
