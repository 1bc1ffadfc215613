"""Imports of a member, for the API, the pages and the command line."""

from collections.abc import AsyncIterator
from typing import Final
from uuid import UUID

from reading_club.app.application import Application
from reading_club.service.accounts.accounts import Account
from reading_club.service.book_files.csv_records import csv_line
from reading_club.service.book_files.header import read_header
from reading_club.service.book_files.rejected_rows import rejected_csv
from reading_club.service.imports.book_imports import BookImport, ImportState
from reading_club.service.imports.errors import ImportNotFound
from reading_club.service.imports.import_rows import ImportRow
from reading_club.service.imports.steps import run_import

ROWS_TOGETHER: Final = 500
"""Rejected rows that one statement reads."""


async def get_import(application: Application, account: Account, id: UUID) -> BookImport:
    """Return an import of the member. Raises ImportNotFound."""
    async with application.reading() as uow:
        found = await uow.imports.find(account.id, id)
    if found is None:
        raise ImportNotFound(id)
    return found


async def change_state(
    application: Application, account: Account, id: UUID, state: ImportState
) -> None:
    """Stop an import, let a stopped one run, or finish it; the same state again changes nothing.

    Raises ImportNotFound.
    """
    async with application.writing() as transaction:
        imports = transaction.uow.imports
        if state is ImportState.STOPPED:
            await imports.stop(account.id, id)
        elif state is ImportState.FINISHED:
            await imports.end(account.id, id)
        else:
            await run_import(account.id, id, transaction.uow, state=ImportState.STOPPED)


async def rejections(application: Application, found: BookImport) -> AsyncIterator[list[ImportRow]]:
    """Yield the rejected rows by pages, in the order of the file."""
    after = 0
    while True:
        async with application.reading() as uow:
            rows = list(await uow.imports.rejected(found.id, after=after, limit=ROWS_TOGETHER))
        if not rows:
            return
        yield rows
        after = rows[-1].line


async def rejected_rows(application: Application, found: BookImport) -> AsyncIterator[str]:
    """Yield the lines of a file of the rejected rows, with the header of the import's file."""
    header = read_header(csv_line(found.columns))
    for line in rejected_csv(header, []):
        yield line
    async for rows in rejections(application, found):
        _, *lines = rejected_csv(header, [row.rejection for row in rows])
        yield "".join(lines)
