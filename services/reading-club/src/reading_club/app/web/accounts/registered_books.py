"""The books that a member registered, as a part of what the club keeps of the member."""

from collections.abc import AsyncIterator, Sequence
from typing import Final, Self
from uuid import UUID

from pydantic import BaseModel

from reading_club.app.application import Application
from reading_club.domain.model import Book

BOOKS_TOGETHER: Final = 100
"""Books that one statement reads."""


class KeptBook(BaseModel):
    """A book that the member registered, as it is by now."""

    id: UUID
    title: str
    author: str
    isbn: str | None
    version: int
    withdrawn: bool

    @classmethod
    def of(cls, book: Book) -> Self:
        """Return the representation of a book."""
        return cls(**{**book.model_dump(), "isbn": book.isbn_digits})


async def books_of(
    application: Application, reviewer_id: UUID
) -> AsyncIterator[Sequence[KeptBook]]:
    """Yield the books by pages, each read in a transaction of its own. Raises TransientFailure."""
    after: UUID | None = None
    while True:
        async with application.reading() as uow:
            books = await uow.books.registered_by(reviewer_id, after=after, limit=BOOKS_TOGETHER)
        if not books:
            return
        yield [KeptBook.of(each) for each in books]
        after = books[-1].id
