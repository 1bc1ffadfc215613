"""The books of the shelf for an export, a page at a time."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Final
from uuid import UUID

from reading_club.eventstream.errors import WriteConflict
from reading_club.service.book_files.exported_books import HEADER, ExportedBook, export_line
from reading_club.service.imports.own_books import OwnBook
from reading_club.service.uow import AbstractUnitOfWork

BOOKS_TOGETHER: Final = 200
"""Books that three statements read: what an export has in memory."""
NOTHING: Final = OwnBook()

Reading = Callable[[], AbstractAsyncContextManager[AbstractUnitOfWork]]
"""Opens a unit of work that only reads."""


async def shelf_pages(
    reading: Reading, reviewer_id: UUID | None, *, together: int = BOOKS_TOGETHER
) -> AsyncIterator[Sequence[ExportedBook]]:
    """Yield the books, the newest first, with what is this reviewer's; None has nothing.

    Each page is read in a transaction of its own, so that a slow reader holds no connection: a
    book that is registered meanwhile is left out, and a review is as it is when its page is read.
    Raises TransientFailure; WriteConflict if the books cannot be followed, as one was removed.
    """
    before: UUID | None = None
    while True:
        async with reading() as uow:
            books = await uow.books.page(before=before, limit=together + 1)
            page = books[:together]
            ids = [book.id for book in page]
            reviews = await uow.reviews.of_books(reviewer_id, ids) if reviewer_id else {}
            own = await uow.own_books.of_books(reviewer_id, ids) if reviewer_id else {}
        if before is not None and not books:
            raise WriteConflict("a book was removed during the export: export again")
        yield [ExportedBook(book, reviews.get(book.id), own.get(book.id, NOTHING)) for book in page]
        if len(books) <= together:
            return
        before = page[-1].id


async def shelf_csv(reading: Reading, reviewer_id: UUID | None) -> AsyncGenerator[str, None]:
    """Yield the text of the export, by pages. Raises as ``shelf_pages`` does."""
    header = HEADER
    async for page in shelf_pages(reading, reviewer_id):
        yield header + "".join(map(export_line, page))
        header = ""
