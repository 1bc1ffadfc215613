"""What an export of the shelf promises on every storage."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from reading_club.domain.model import Book, Review
from reading_club.eventstream.errors import WriteConflict
from reading_club.service.book_files.exported_books import ExportedBook
from reading_club.service.book_files.shelf_export import shelf_pages
from reading_club.service.uow import AbstractUnitOfWork
from reading_club.testing.builders import a_book, a_review, a_reviewer
from reading_club.testing.contracts.club.unit_of_work import UnitOfWorkFactory

Reading = Callable[[], AbstractAsyncContextManager[AbstractUnitOfWork]]


def reading_on(uow_factory: UnitOfWorkFactory) -> Reading:
    """Return what opens a unit of work for a page."""

    @asynccontextmanager
    async def reading() -> AsyncIterator[AbstractUnitOfWork]:
        async with uow_factory() as transaction:
            yield transaction.uow
            await transaction.rollback()

    return reading


async def a_shelf(uow_factory: UnitOfWorkFactory, number: int) -> tuple[list[Book], Review]:
    """Store books and a review of the second one; return the books in their order."""
    books, own, other = [a_book() for _ in range(number)], a_reviewer(), a_reviewer()
    review = a_review(book=books[1], reviewer=own, rating=7)
    async with uow_factory() as transaction:
        for reviewer in (own, other):
            await transaction.uow.reviewers.add(reviewer)
        await transaction.commit()
    for book in books:
        async with uow_factory() as transaction:
            await transaction.uow.books.add(book)
            await transaction.commit()
    async with uow_factory() as transaction:
        await transaction.uow.reviews.add(review)
        await transaction.uow.reviews.add(a_review(book=books[0], reviewer=other))
        await transaction.commit()
    return books[::-1], review


class GapInTheShelf:
    """A storage on which the books behind the first page cannot be found any more."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._opened = 0

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[AbstractUnitOfWork]:
        """Yield a unit of work; the second one has no books after the cursor."""
        self._opened += 1
        async with self._reading() as uow:
            if self._opened > 1:
                page = uow.books.page
                uow.books.page = lambda **_: page(limit=0)  # type: ignore[method-assign]
            yield uow


class ShelfExportContract:
    """Every book once, in the order of the shelf, with one reviewer's own reviews."""

    @pytest.mark.parametrize("together", [1, 2, 3, 5, 6])
    async def test_every_book_is_exported_once(
        self, uow_factory: UnitOfWorkFactory, together: int
    ) -> None:
        """Whatever the size of a page, also if the books fill the last one."""
        books, review = await a_shelf(uow_factory, 5)

        pages = [
            list(page)
            async for page in shelf_pages(
                reading_on(uow_factory), review.reviewer_id, together=together
            )
        ]

        expected = [
            ExportedBook(book, review if book.id == review.book_id else None) for book in books
        ]
        assert [each for page in pages for each in page] == expected
        assert max(map(len, pages)) <= together
        assert len(pages) == -(-5 // together)

    async def test_an_empty_shelf_has_no_book(self, uow_factory: UnitOfWorkFactory) -> None:
        """It is one page without books."""
        pages = [list(page) async for page in shelf_pages(reading_on(uow_factory), None)]

        assert pages == [[]]

    async def test_without_a_reviewer_there_are_no_reviews(
        self, uow_factory: UnitOfWorkFactory
    ) -> None:
        """The books alone are exported."""
        await a_shelf(uow_factory, 2)

        (page,) = [list(page) async for page in shelf_pages(reading_on(uow_factory), None)]

        assert [each.review for each in page] == [None, None]

    async def test_a_shelf_that_cannot_be_followed_gives_no_shorter_file(
        self, uow_factory: UnitOfWorkFactory
    ) -> None:
        """If the book that a page ended with is gone, the export fails instead of ending."""
        await a_shelf(uow_factory, 4)
        pages = shelf_pages(GapInTheShelf(reading_on(uow_factory)), None, together=2)
        first = await anext(pages)

        with pytest.raises(WriteConflict):
            await anext(pages)
        assert len(first) == 2
