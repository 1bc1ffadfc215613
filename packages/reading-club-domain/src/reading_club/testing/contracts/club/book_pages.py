"""What every list of books promises."""

from uuid import UUID

from lastuuid import uuid7

from reading_club.testing.builders import a_book
from reading_club.testing.contracts.club.books import store
from reading_club.testing.contracts.club.unit_of_work import UnitOfWorkFactory
from reading_club.testing.contracts.eventstream.helpers import PassTime


class BookPagesContract:
    """Pages follow each other, the newest book first, by the clock of the storage.

    Needs the fixture ``pass_time``, see ``PassTime``.
    """

    async def test_pages_follow_each_other(self, uow_factory: UnitOfWorkFactory) -> None:
        """Pages show the newest book first, and together every book once."""
        books = [a_book(id=uuid7()) for _ in range(5)]
        await store(uow_factory, *books)

        async with uow_factory() as transaction:
            first = list(await transaction.uow.books.page(limit=3))
            second = list(await transaction.uow.books.page(limit=3, before=first[-1].id))
            await transaction.rollback()

        assert [book.id for book in first + second] == [book.id for book in reversed(books)]
        assert len(first) == 3

    async def test_an_id_that_a_client_chose_is_not_on_top_for_ever(
        self, uow_factory: UnitOfWorkFactory, pass_time: PassTime
    ) -> None:
        """Books and cursors are ordered by the storage's clock, whatever their ids are."""
        books = [a_book(id=UUID(int=number)) for number in (2**128 - 1, 0, 2**127, 1, 2**127 + 1)]
        for book in books:
            await store(uow_factory, book)
            await pass_time(1)

        pages: list[list[UUID]] = []
        async with uow_factory() as transaction:
            while not pages or pages[-1]:
                before = pages[-1][-1] if pages else None
                page = await transaction.uow.books.page(limit=2, before=before)
                pages.append([book.id for book in page])
            await transaction.rollback()

        ids = [book.id for book in reversed(books)]
        assert pages == [ids[:2], ids[2:4], ids[4:], []]

    async def test_a_page_may_end_among_books_of_one_moment(
        self, uow_factory: UnitOfWorkFactory
    ) -> None:
        """The next page continues at the cursor: together the pages show each book once."""
        books = [a_book(id=UUID(int=number)) for number in range(5)]
        await store(uow_factory, *reversed(books))

        async with uow_factory() as transaction:
            whole = [book.id for book in await transaction.uow.books.page()]
            first = [book.id for book in await transaction.uow.books.page(limit=2)]
            rest = [book.id for book in await transaction.uow.books.page(before=first[-1])]
            await transaction.rollback()

        assert first + rest == whole
        assert set(whole) == {book.id for book in books}

    async def test_after_an_unknown_book_there_are_none(
        self, uow_factory: UnitOfWorkFactory
    ) -> None:
        """A cursor is the id of a book; an unknown one gives an empty page."""
        await store(uow_factory, a_book())

        async with uow_factory() as transaction:
            for unknown in (UUID(int=0), UUID(int=2**128 - 1)):
                assert list(await transaction.uow.books.page(before=unknown)) == []
            await transaction.rollback()
