"""The steps of an import: some rows in one transaction, which records the next step as well."""

from typing import Final
from uuid import UUID

from messagebus import AsyncUnitOfWorkTransaction

from reading_club.domain.errors import Conflict
from reading_club.domain.messages import ImportStepDue
from reading_club.eventstream.errors import WriteConflict
from reading_club.service.book_files.csv_records import csv_line
from reading_club.service.book_files.header import read_header
from reading_club.service.bus import ClubBus
from reading_club.service.imports.book_imports import ImportState
from reading_club.service.imports.row_handler import RowHandler
from reading_club.service.uow import AbstractUnitOfWork

ROWS_TOGETHER: Final = 100
"""Rows of a step: on SQLite other writers wait for its end, a fraction of a second."""


async def run_import(
    account_id: UUID, id: UUID, uow: AbstractUnitOfWork, *, state: ImportState
) -> bool:
    """Let an import run that is in this state, and record its next step.

    Returns False if it is in another state. Raises ImportNotFound.
    """
    number = await uow.imports.run(account_id, id, state=state)
    if number is not None:
        await uow.messagestore.add(ImportStepDue(import_id=id, step=number))
    return number is not None


async def handle_step(event: ImportStepDue, uow: AbstractUnitOfWork, bus: ClubBus) -> None:
    """Handle the rows of a step, in the transaction of ``uow``, and record the next step.

    A step that is not the next one of an import that runs is left out, so that a repeated event
    has no effect. Raises WriteConflict if another transaction has registered one of the books or
    reviews meanwhile.
    """
    step = await uow.imports.step(event.import_id, event.step, limit=ROWS_TOGETHER)
    if step is None:
        return
    header = read_header(csv_line(step.columns))
    handler = RowHandler(header, step.reviewer_id, AsyncUnitOfWorkTransaction(uow), bus)
    try:
        rows = [await handler.handle(row) for row in step.rows]
    except Conflict as exc:
        raise WriteConflict(f"another transaction was first: {type(exc).__name__}") from exc
    await uow.own_books.put(step.account_id, handler.own_books)
    number = event.step + 1
    await uow.imports.record(event.import_id, rows, number=number, is_last=step.is_last)
    if not step.is_last:
        await uow.messagestore.add(ImportStepDue(import_id=event.import_id, step=number))
