"""Storing the rows of a file, in batches, whatever its size."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import BinaryIO, Final
from uuid import UUID

from lastuuid import uuid7
from messagebus import AsyncUnitOfWorkTransaction

from reading_club.service.book_files.book_file import BookFile, read_row
from reading_club.service.book_files.rows import FileRefused, Rejection
from reading_club.service.imports.book_imports import ImportState
from reading_club.service.imports.errors import ImportInterrupted
from reading_club.service.imports.import_rows import ImportRow, Outcome
from reading_club.service.imports.steps import run_import
from reading_club.service.uow import AbstractUnitOfWork

ROWS_STORED_TOGETHER: Final = 200
ROWS_READ_TOGETHER: Final = 10
"""Rows that are read before other tasks of the process have their turn: about a millisecond."""

Writing = Callable[[], AbstractAsyncContextManager[AsyncUnitOfWorkTransaction[AbstractUnitOfWork]]]
"""Opens a transaction that is committed at its end."""


async def store_file(file: BinaryIO, account_id: UUID, writing: Writing) -> UUID:
    """Store the rows of a file, and let the import run; return its id.

    A row that cannot be read is stored as rejected. A process that dies meanwhile leaves an import
    that the next one of the member replaces. Raises FileRefused, after which nothing is
    stored, ImportUnfinished, AccountNotFound, ImportNotFound, and TransientFailure.
    """
    book_file, import_id = BookFile(file), uuid7()
    columns = book_file.header.columns
    async with writing() as transaction:
        await transaction.uow.imports.begin(
            import_id, account_id=account_id, format=book_file.format, columns=columns
        )
    try:
        async for rows in _batches(book_file):
            async with writing() as transaction:
                await transaction.uow.imports.add_rows(import_id, rows)
    except FileRefused:
        async with writing() as transaction:
            await transaction.uow.imports.give_up(import_id)
        raise
    async with writing() as transaction:
        state = ImportState.READING
        if not await run_import(account_id, import_id, transaction.uow, state=state):
            raise ImportInterrupted(import_id)
    return import_id


async def _batches(file: BookFile) -> AsyncIterator[list[ImportRow]]:
    rows: list[ImportRow] = []
    for number, record in enumerate(file.records(), start=1):
        read = read_row(file.header, record)
        if isinstance(read, Rejection):
            rejected = ImportRow(read.line, read.cells)
            rows.append(rejected.with_outcome(Outcome.REJECTED, read.field, read.reason))
        else:
            rows.append(ImportRow(record.line, file.header.kept(record.cells)))
        if number % ROWS_READ_TOGETHER == 0:
            await asyncio.sleep(0)
        if len(rows) == ROWS_STORED_TOGETHER:
            yield rows
            rows = []
    if rows:
        yield rows
