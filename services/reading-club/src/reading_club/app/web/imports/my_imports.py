"""What the club keeps of a member's imports, in the document of all that it keeps."""

from collections.abc import AsyncIterator, Sequence
from datetime import date
from typing import Final, Self
from uuid import UUID

from pydantic import BaseModel

from reading_club.app.application import Application
from reading_club.service.imports.own_books import OwnBook

BOOKS_TOGETHER: Final = 500
"""Books that one statement reads."""


class KeptOwnBook(BaseModel):
    """The shelves and dates of a book that came by imports, and that no other member sees."""

    book_id: UUID
    shelves: tuple[str, ...]
    read_on: date | None
    added_on: date | None

    @classmethod
    def of(cls, book_id: UUID, own: OwnBook) -> Self:
        """Return the representation of a book's shelves and dates."""
        return cls(book_id=book_id, shelves=own.shelves, read_on=own.read_on, added_on=own.added_on)


async def own_books_of(
    application: Application, account_id: UUID
) -> AsyncIterator[Sequence[KeptOwnBook]]:
    """Yield shelves and dates by pages, each read in a transaction of its own."""
    after: UUID | None = None
    while True:
        async with application.reading() as uow:
            found = await uow.own_books.page(account_id, after=after, limit=BOOKS_TOGETHER)
        if not found:
            return
        yield [KeptOwnBook.of(*each) for each in found]
        after = found[-1][0]
