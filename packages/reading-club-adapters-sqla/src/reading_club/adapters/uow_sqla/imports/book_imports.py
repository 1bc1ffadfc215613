"""The imports on SQL."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, bindparam, delete, exists, or_, select, update

from reading_club.adapters.uow_sqla import orm
from reading_club.adapters.uow_sqla.accounts.rows import holds, insert_for
from reading_club.adapters.uow_sqla.imports.rows import (
    cells_of,
    import_row,
    select_imports,
    table_row,
    to_json,
)
from reading_club.adapters.uow_sqla.session import Session
from reading_club.adapters.uow_sqla.statements import insert_new_many
from reading_club.adapters.uow_sqla.types import DatabaseTime
from reading_club.domain.errors import AccountNotFound, IdentifierTaken, Refusal
from reading_club.eventstream.errors import WriteConflict
from reading_club.service.accounts.sessions import DAY
from reading_club.service.imports.book_imports import (
    INTERRUPTED_DAYS,
    KEPT_DAYS,
    READING_SECONDS,
    BookImport,
    BookImports,
    ImportState,
    ImportStep,
)
from reading_club.service.imports.errors import (
    ImportInterrupted,
    ImportNotFound,
    ImportUnfinished,
)
from reading_club.service.imports.import_rows import ENDED, ImportRow, Outcome

_IMPORTS, _ROWS = orm.imports.c, orm.import_rows.c
_IS_READ = _IMPORTS.state == ImportState.READING.value
_HAS_EXPIRED = or_(
    _IMPORTS.changed_at <= DatabaseTime(-KEPT_DAYS * DAY),
    and_(_IS_READ, _IMPORTS.changed_at <= DatabaseTime(-INTERRUPTED_DAYS * DAY)),
)


class SQLBookImports(BookImports):
    """The imports, in the tables ``imports`` and ``import_rows``."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def begin(
        self, id: UUID, *, account_id: UUID, format: str, columns: Sequence[str]
    ) -> None:
        """Delete an interrupted row of the account, and insert one."""
        was_interrupted = _IMPORTS.changed_at <= DatabaseTime(-READING_SECONDS)
        mine = _IMPORTS.account_id == account_id
        await self.session.write(delete(orm.imports).where(mine, _IS_READ, was_interrupted))
        row = {
            "id": id,
            "account_id": account_id,
            "format": format,
            "columns": to_json(tuple(columns)),
            "state": ImportState.READING.value,
            "step": 0,
            "created_at": DatabaseTime(),
            "changed_at": DatabaseTime(),
        }
        if await insert_for(self.session, account_id, orm.imports, row) is None:
            raise await self._refusal(id, account_id)

    async def _refusal(self, id: UUID, account_id: UUID) -> Refusal:
        if not await holds(self.session, exists().where(orm.accounts.c.id == account_id)):
            return AccountNotFound(account_id)
        is_taken = await holds(self.session, exists().where(_IMPORTS.id == id))
        return IdentifierTaken(id) if is_taken else ImportUnfinished(account_id)

    async def add_rows(self, id: UUID, rows: Sequence[ImportRow]) -> None:
        """Update the import, and insert the rows by one statement."""
        if not await self._change(_IMPORTS.id == id, _IS_READ):
            raise ImportInterrupted(id)
        await insert_new_many(self.session, orm.import_rows, [table_row(id, row) for row in rows])

    async def give_up(self, id: UUID) -> None:
        """Delete the row, if the import is being read."""
        await self.session.write(delete(orm.imports).where(_IMPORTS.id == id, _IS_READ))

    async def run(self, account_id: UUID, id: UUID, *, state: ImportState) -> int | None:
        """Update the row, if it has this state."""
        changed = (
            update(orm.imports)
            .where(*_mine(account_id, id), _IMPORTS.state == state.value)
            .values(
                state=ImportState.RUNNING.value, step=_IMPORTS.step + 1, changed_at=DatabaseTime()
            )
            .returning(_IMPORTS.step)
        )
        number: int | None = (await self.session.write(changed)).scalar_one_or_none()
        if number is None:
            await self._require(account_id, id)
        return number

    async def stop(self, account_id: UUID, id: UUID) -> None:
        """Update the row, if the import runs."""
        runs = _IMPORTS.state == ImportState.RUNNING.value
        stopped = ImportState.STOPPED.value
        if not await self._change(*_mine(account_id, id), runs, state=stopped):
            await self._require(account_id, id)

    async def end(self, account_id: UUID, id: UUID) -> None:
        """Update the row first, on which a step waits, then those that wait."""
        mine, finished = _mine(account_id, id), ImportState.FINISHED.value
        if (await self.session.write(delete(orm.imports).where(*mine, _IS_READ))).rowcount:
            return
        if not await self._change(*mine, _IMPORTS.state != finished, state=finished):
            await self._require(account_id, id)
            return
        waiting = update(orm.import_rows).where(_ROWS.import_id == id, _ROWS.outcome.is_(None))
        await self.session.write(
            waiting.values(outcome=Outcome.SKIPPED.value, reason=ENDED, cells=None)
        )

    async def step(self, id: UUID, number: int, *, limit: int) -> ImportStep | None:
        """Lock the row of the import, and select rows that wait, and one more."""
        statement = (
            select(_IMPORTS.columns, _IMPORTS.account_id, orm.accounts.c.reviewer_id)
            .join(orm.accounts, _IMPORTS.account_id == orm.accounts.c.id)
            .where(_IMPORTS.id == id, *_at(number))
            .with_for_update(of=orm.imports)
        )
        found = (await self.session.write(statement)).one_or_none()
        if found is None:
            return None
        waiting = select(*_ROWS).where(_ROWS.import_id == id, _ROWS.outcome.is_(None))
        last_first = waiting.order_by(_ROWS.line.desc()).limit(limit + 1)
        rows = [import_row(row) for row in await self.session.read(last_first)]
        whose, columns = (found.account_id, found.reviewer_id), cells_of(found.columns)
        return ImportStep(*whose, columns, rows[:limit], is_last=len(rows) <= limit)

    async def record(
        self, id: UUID, rows: Sequence[ImportRow], *, number: int, is_last: bool
    ) -> None:
        """Update the import, and the rows together."""
        state = (ImportState.FINISHED if is_last else ImportState.RUNNING).value
        if not await self._change(_IMPORTS.id == id, *_at(number - 1), state=state, step=number):
            raise WriteConflict("another transaction changed the import")
        if not rows:
            return
        values: dict[str, Any] = {
            name: bindparam(f"new_{name}") for name in ("cells", "outcome", "field", "reason")
        }
        is_row = (_ROWS.import_id == bindparam("of"), _ROWS.line == bindparam("at"))
        named = [
            {"of": id, "at": row["line"], **{f"new_{name}": row[name] for name in values}}
            for row in (table_row(id, each) for each in rows)
        ]
        await self.session.write(update(orm.import_rows).where(*is_row).values(values), named)

    async def find(self, account_id: UUID, id: UUID) -> BookImport | None:
        """Select the row and count its rows."""
        return next(iter(await select_imports(self.session, *_mine(account_id, id))), None)

    async def list(self, account_id: UUID) -> Sequence[BookImport]:
        """Select the rows and count theirs."""
        return await select_imports(self.session, _IMPORTS.account_id == account_id)

    async def rejected(self, id: UUID, *, after: int = 0, limit: int = 500) -> Sequence[ImportRow]:
        """Select rejected rows."""
        is_rejected = _ROWS.outcome == Outcome.REJECTED.value
        rejected = select(*_ROWS).where(_ROWS.import_id == id, is_rejected, _ROWS.line > after)
        rows = await self.session.read(rejected.order_by(_ROWS.line).limit(limit))
        return [import_row(row) for row in rows]

    async def prune(self) -> Mapping[str, int]:
        """Delete expired rows, by the database's clock."""
        gone = await self.session.write(delete(orm.imports).where(_HAS_EXPIRED))
        return {orm.imports.name: gone.rowcount}

    async def _change(self, *conditions: ColumnElement[bool], **values: Any) -> bool:
        """Update the import that meets the conditions, and its time; return whether one does."""
        changed = update(orm.imports).where(*conditions)
        result = await self.session.write(changed.values(changed_at=DatabaseTime(), **values))
        return result.rowcount == 1

    async def _require(self, account_id: UUID, id: UUID) -> None:
        if not await holds(self.session, exists().where(*_mine(account_id, id))):
            raise ImportNotFound(id)


def _mine(account_id: UUID, id: UUID) -> tuple[ColumnElement[bool], ...]:
    return _IMPORTS.account_id == account_id, _IMPORTS.id == id


def _at(number: int) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions that an import runs, and that this is its next step."""
    return _IMPORTS.state == ImportState.RUNNING.value, _IMPORTS.step == number
