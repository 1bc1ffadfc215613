"""The dead letters and their audit log on SQL."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, Text, case, cast, delete, exists, func, insert, select

from reading_club.adapters.uow_sqla.eventstream.dead_letter_rows import (
    read_dead_letters,
    readable_time,
    remove_unreadable_id,
)
from reading_club.adapters.uow_sqla.eventstream.history import redacted_message
from reading_club.adapters.uow_sqla.session import Session
from reading_club.adapters.uow_sqla.statements import has_key, insert_new
from reading_club.eventstream.ports.dead_letters import (
    NO_FILTER,
    AuditEntry,
    DeadLetter,
    DeadLetterFilter,
    DeadLetterGroup,
)
from reading_club.eventstream.redaction import redacted_error


class SQLDeadLetters:
    """The dead letters, in the table ``dead_letters``."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def add(self, letter: DeadLetter) -> None:
        """Insert a dead letter by one statement, unless stored, or received by the subscriber.

        That of a redacted message gets the stored envelope.
        """
        tables = self.session.tables
        if envelope := await redacted_message(self.session, letter.message_id):
            changes = {"envelope": envelope, "error": redacted_error(letter.error)}
            letter = letter.model_copy(update=changes)
        received = exists().where(has_key(tables.inbox, letter))
        await insert_new(self.session, tables.dead_letters, letter.model_dump(), ~received)

    async def page(
        self, wanted: DeadLetterFilter = NO_FILTER, *, limit: int = 50, skip: int = 0
    ) -> Sequence[DeadLetter]:
        """Return up to ``limit`` dead letters that match, the newest first, by an OFFSET."""
        conditions = self._conditions(wanted)
        return await read_dead_letters(self.session, *conditions, limit=limit, skip=skip)

    async def groups(
        self, wanted: DeadLetterFilter = NO_FILTER, *, limit: int = 100
    ) -> Sequence[DeadLetterGroup]:
        """Count the dead letters that match by one GROUP BY, the largest number first."""
        columns = self.session.tables.dead_letters.c
        error_class = self._error_class().label("error_class")
        keys = (columns.subscriber, columns.type, error_class, columns.parked)
        count = func.count()
        times = (
            cast(func.min(columns.set_aside_at), Text).label("oldest"),
            cast(func.max(columns.set_aside_at), Text).label("newest"),
        )
        grouped = select(*keys, count.label("count"), *times).where(*self._conditions(wanted))
        largest_first = grouped.group_by(*keys).order_by(count.desc(), *keys).limit(limit)
        return [_group(row) for row in await self.session.read(largest_first)]

    async def remove(self, letter: DeadLetter) -> bool:
        """Delete a dead letter; False if it was deleted already."""
        dead_letters = self.session.tables.dead_letters
        removed = await self.session.write(
            delete(dead_letters).where(has_key(dead_letters, letter))
        )
        return removed.rowcount == 1 or await remove_unreadable_id(self.session, letter)

    def _error_class(self) -> ColumnElement[str]:
        """Return the text of an error before its first colon."""
        error = self.session.tables.dead_letters.c.error
        position = func.strpos if self.session.dialect == "postgresql" else func.instr
        colon = position(error, ":")
        return case((colon == 0, error), else_=func.substr(error, 1, colon - 1))

    def _conditions(self, wanted: DeadLetterFilter) -> Iterator[ColumnElement[bool]]:
        columns = self.session.tables.dead_letters.c
        if wanted.type is not None:
            yield columns.type == wanted.type
        if wanted.error_class is not None:
            yield self._error_class() == wanted.error_class
        yield from _conditions(columns, wanted)


def _group(row: Row[Any]) -> DeadLetterGroup:
    times = {name: readable_time(getattr(row, name)) for name in ("oldest", "newest")}
    return DeadLetterGroup.model_validate({**row._asdict(), **times})


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
