"""Commands that change books, for the contracts about them."""

from typing import Any
from uuid import UUID

from lastuuid import uuid7

from reading_club.domain.isbn import Isbn
from reading_club.domain.messages import CorrectBook, RegisterBook
from reading_club.domain.model import Book
from reading_club.service.uow import AbstractUnitOfWork
from reading_club.testing.builders import an_isbn
from reading_club.testing.contracts.club.erasure_helpers import ErasureFixtures

ORGANISER = uuid7()


def a_registration(title: str = "Momo", author: str = "Michael Ende") -> RegisterBook:
    """Return the command that registers a book with an ISBN of its own."""
    return RegisterBook(isbn=an_isbn(), title=title, author=author)


def a_correction(book: RegisterBook, **changes: Any) -> CorrectBook:
    """Return the command that corrects a registered book."""
    fields = {"isbn": book.isbn, "title": book.title, "author": book.author, **changes}
    return CorrectBook(id=book.id, corrected_by=ORGANISER, **fields)


class BookChangesFixtures(ErasureFixtures):
    """The bus, with what is on the shelf and what was published."""

    async def found(self, query: str = "") -> list[UUID]:
        """Return the ids of the books of a search, sorted by title."""

        async def search(uow: AbstractUnitOfWork) -> list[UUID]:
            return [each.id for each in await uow.books.page(query=query, order="title")]

        ids: list[UUID] = await self.run(search)
        return ids

    async def book(self, id: UUID) -> Book:
        """Return a book of the shelf."""
        stored: Book = await self.run(lambda uow: uow.books.get(id))
        return stored

    async def by_isbn(self, isbn: Isbn | None) -> Book | None:
        """Return the book with this ISBN, or None."""
        assert isbn is not None
        stored: Book | None = await self.run(lambda uow: uow.books.find_by_isbn(isbn))
        return stored

    def types(self) -> list[str]:
        """Return the types of the published events, in their order."""
        return [event["type"] for event in self.transport.events]
