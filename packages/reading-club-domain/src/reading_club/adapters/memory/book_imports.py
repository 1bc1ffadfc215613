"""The imports, in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from reading_club.adapters.memory.accounts.tables import ImportTableRow
from reading_club.adapters.memory.club_database import InMemoryDatabase
from reading_club.adapters.memory.database import InMemoryTransaction
from reading_club.adapters.memory.import_rows import stored_import, sums_of, waiting_rows
from reading_club.domain.errors import AccountNotFound, IdentifierTaken
from reading_club.eventstream.errors import WriteConflict
from reading_club.service.imports.book_imports import (
    INTERRUPTED_DAYS,
    KEPT_DAYS,
    READING_SECONDS,
    BookImport,
    BookImports,
    ImportState,
    ImportStep,
)
from reading_club.service.imports.errors import ImportInterrupted, ImportUnfinished
from reading_club.service.imports.import_rows import ENDED, ImportRow, Outcome


class InMemoryBookImports(BookImports):
    """The imports, in memory."""

    def __init__(self, transaction: InMemoryTransaction[InMemoryDatabase]) -> None:
        self.transaction = transaction

    async def begin(
        self, id: UUID, *, account_id: UUID, format: str, columns: Sequence[str]
    ) -> None:
        """Store a row."""
        now = self.transaction.now
        row = ImportTableRow(account_id, format, tuple(columns), ImportState.READING, 0, now, now)
        oldest = now - timedelta(seconds=READING_SECONDS)

        def insert(tables: InMemoryDatabase) -> None:
            if account_id not in tables.accounts:
                raise AccountNotFound(account_id)
            if id in tables.imports:
                raise IdentifierTaken(id)
            for known, each in list(tables.imports.items()):
                if each.account_id != account_id or each.state is ImportState.FINISHED:
                    continue
                if each.state is not ImportState.READING or each.changed_at > oldest:
                    raise ImportUnfinished(account_id)
                tables.delete_import(known)
            tables.imports[id] = row

        self.transaction.write(insert)

    async def add_rows(self, id: UUID, rows: Sequence[ImportRow]) -> None:
        """Store rows, if the import is being read."""
        now = self.transaction.now

        def insert(tables: InMemoryDatabase) -> None:
            row = tables.imports.get(id)
            if row is None or row.state is not ImportState.READING:
                raise ImportInterrupted(id)
            tables.imports[id] = replace(row, changed_at=now)
            tables.import_rows.update({(id, each.line): each for each in rows})

        self.transaction.write(insert)

    async def give_up(self, id: UUID) -> None:
        """Delete the rows, if the import is being read."""

        def delete(tables: InMemoryDatabase) -> None:
            row = tables.imports.get(id)
            if row is not None and row.state is ImportState.READING:
                tables.delete_import(id)

        self.transaction.write(delete)

    async def run(self, account_id: UUID, id: UUID, *, state: ImportState) -> int | None:
        """Replace the row; its state is checked again at the commit."""
        row, now = stored_import(self.transaction.tables, account_id, id), self.transaction.now
        if row.state is not state:
            return None

        def change(tables: InMemoryDatabase) -> None:
            if tables.imports.get(id) != row:
                raise WriteConflict("another transaction changed the import")
            tables.imports[id] = replace(
                row, state=ImportState.RUNNING, step=row.step + 1, changed_at=now
            )

        self.transaction.write(change)
        return row.step + 1

    async def stop(self, account_id: UUID, id: UUID) -> None:
        """Replace the row."""
        now = self.transaction.now

        def change(tables: InMemoryDatabase) -> None:
            row = stored_import(tables, account_id, id)
            if row.state is ImportState.RUNNING:
                tables.imports[id] = replace(row, state=ImportState.STOPPED, changed_at=now)

        self.transaction.write(change)

    async def end(self, account_id: UUID, id: UUID) -> None:
        """Replace the row, and those that wait."""
        now = self.transaction.now

        def change(tables: InMemoryDatabase) -> None:
            row = stored_import(tables, account_id, id)
            if row.state is ImportState.READING:
                tables.delete_import(id)
                return
            for each in waiting_rows(tables, id):
                skipped = each.with_outcome(Outcome.SKIPPED, reason=ENDED)
                tables.import_rows[id, each.line] = skipped
            if row.state is not ImportState.FINISHED:
                tables.imports[id] = replace(row, state=ImportState.FINISHED, changed_at=now)

        self.transaction.write(change)

    async def step(self, id: UUID, number: int, *, limit: int) -> ImportStep | None:
        """Return waiting rows; ``record`` finds out whether another transaction was first."""
        tables = self.transaction.tables
        row = tables.imports.get(id)
        if row is None or (row.state, row.step) != (ImportState.RUNNING, number):
            return None
        waiting = waiting_rows(tables, id)
        reviewer_id = tables.accounts[row.account_id].reviewer_id
        is_last = len(waiting) <= limit
        return ImportStep(row.account_id, reviewer_id, row.columns, waiting[:limit], is_last)

    async def record(
        self, id: UUID, rows: Sequence[ImportRow], *, number: int, is_last: bool
    ) -> None:
        """Replace the rows; the step is checked again at the commit."""
        now = self.transaction.now
        state = ImportState.FINISHED if is_last else ImportState.RUNNING

        def change(tables: InMemoryDatabase) -> None:
            row = tables.imports.get(id)
            if row is None or (row.state, row.step) != (ImportState.RUNNING, number - 1):
                raise WriteConflict("another transaction changed the import")
            tables.imports[id] = replace(row, state=state, step=number, changed_at=now)
            tables.import_rows.update({(id, each.line): each for each in rows})

        self.transaction.write(change)

    async def find(self, account_id: UUID, id: UUID) -> BookImport | None:
        """Return the row with the sums, or None."""
        return next((each for each in await self.list(account_id) if each.id == id), None)

    async def list(self, account_id: UUID) -> Sequence[BookImport]:
        """Return the rows with the sums."""
        tables = self.transaction.tables
        rows = [(key, row) for key, row in tables.imports.items() if row.account_id == account_id]
        rows.sort(key=lambda each: (each[1].created_at, each[0]), reverse=True)
        return [
            BookImport(
                id=key,
                account_id=row.account_id,
                format=row.format,
                columns=row.columns,
                state=row.state,
                created_at=row.created_at,
                changed_at=row.changed_at,
                sums=sums_of(tables, key),
            )
            for key, row in rows
        ]

    async def rejected(self, id: UUID, *, after: int = 0, limit: int = 500) -> Sequence[ImportRow]:
        """Return rejected rows."""
        rows = (row for (key, _), row in self.transaction.tables.import_rows.items() if key == id)
        found = (row for row in rows if row.outcome is Outcome.REJECTED and row.line > after)
        return sorted(found, key=lambda row: row.line)[:limit]

    async def prune(self) -> Mapping[str, int]:
        """Delete rows."""
        now, gone = self.transaction.now, list[UUID]()

        def delete(tables: InMemoryDatabase) -> None:
            gone.clear()
            for key, row in list(tables.imports.items()):
                is_read = row.state is ImportState.READING
                days = timedelta(days=INTERRUPTED_DAYS if is_read else KEPT_DAYS)
                if row.changed_at <= now - days:
                    gone.append(key)
                    tables.delete_import(key)

        self.transaction.write(delete)
        return {"imports": len(gone)}
