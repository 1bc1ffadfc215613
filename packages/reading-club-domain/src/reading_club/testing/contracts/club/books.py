"""What every book repository promises."""

from uuid import UUID

import pytest

from reading_club.domain.errors import BookAlreadyRegistered, BookNotFound, IdentifierTaken
from reading_club.domain.isbn import Isbn
from reading_club.domain.model import Book
from reading_club.testing.builders import a_book
from reading_club.testing.contracts.club.unit_of_work import UnitOfWorkFactory

EVANS = UUID(int=1)


async def store(uow_factory: UnitOfWorkFactory, *books: Book) -> None:
    """Commit the books, one transaction for all."""
    async with uow_factory() as transaction:
        for book in books:
            await transaction.uow.books.add(book)
        await transaction.commit()


class BookRepositoryContract:
    """An ISBN is unique; books are found by id, by ISBN and by words."""

    async def test_book_add_ok(self, uow_factory: UnitOfWorkFactory) -> None:
        """A new book is stored, and its events are collected."""
        book = a_book(isbn="0-321-12521-5")

        async with uow_factory() as transaction:
            await transaction.uow.books.add(book)
            assert transaction.uow.books.seen == [book]
            await transaction.commit()

        async with uow_factory() as transaction:
            stored = await transaction.uow.books.get(book.id)
            await transaction.rollback()
        assert stored == book
        assert stored.isbn == "9780321125217"

    async def test_book_add_err(self, uow_factory: UnitOfWorkFactory) -> None:
        """A second book with a known id is refused, and its events are not collected."""
        known = a_book()
        await store(uow_factory, known)

        async with uow_factory() as transaction:
            with pytest.raises(IdentifierTaken) as refusal:
                await transaction.uow.books.add(a_book(id=known.id))
            assert transaction.uow.books.seen == []
            await transaction.rollback()
        assert refusal.value.identifier == known.id

    async def test_an_isbn_is_unique(self, uow_factory: UnitOfWorkFactory) -> None:
        """A second book with a known ISBN is refused, however it is spelled."""
        await store(uow_factory, a_book(isbn="0-321-12521-5"))

        async with uow_factory() as transaction:
            with pytest.raises(BookAlreadyRegistered) as refusal:
                await transaction.uow.books.add(a_book(isbn="978 0 321 12521 7"))
            assert transaction.uow.books.seen == []
            await transaction.rollback()
        assert refusal.value.isbn == "9780321125217"

    @pytest.mark.parametrize(
        ("wanted", "found"),
        [
            pytest.param(EVANS, True, id="return a known book"),
            pytest.param(UUID(int=404), False, id="return an error"),
        ],
    )
    async def test_book_by_id(
        self, uow_factory: UnitOfWorkFactory, wanted: UUID, *, found: bool
    ) -> None:
        """Get and find return a known book; for an unknown id get raises, and find returns None."""
        book = a_book(id=EVANS)
        await store(uow_factory, book, a_book(title="Another"))

        async with uow_factory() as transaction:
            if found:
                assert await transaction.uow.books.get(wanted) == book
                assert await transaction.uow.books.find(wanted) == book
            else:
                with pytest.raises(BookNotFound):
                    await transaction.uow.books.get(wanted)
                assert await transaction.uow.books.find(wanted) is None
            await transaction.rollback()

    async def test_a_book_is_found_by_its_isbn(self, uow_factory: UnitOfWorkFactory) -> None:
        """Any spelling of the ISBN leads to the book."""
        book = a_book(isbn="9780321125217")
        await store(uow_factory, book)

        async with uow_factory() as transaction:
            assert await transaction.uow.books.find_by_isbn(Isbn("0-321-12521-5")) == book
            assert await transaction.uow.books.find_by_isbn(Isbn("9781492052203")) is None
            await transaction.rollback()

    async def test_books_without_an_isbn_are_apart(self, uow_factory: UnitOfWorkFactory) -> None:
        """Equal ones are two books, which are listed and found by their words."""
        books = [a_book(isbn=False, title="Beowulf") for _ in range(2)]
        await store(uow_factory, *books)

        async with uow_factory() as transaction:
            stored = await transaction.uow.books.get(books[0].id)
            found = await transaction.uow.books.page(query="beowulf")
            none = await transaction.uow.books.page(query="none")
            await transaction.rollback()
        assert stored == books[0]
        assert {book.id for book in found} == {book.id for book in books}
        assert (stored.isbn, list(none)) == (None, [])

    async def test_books_are_listed_by_who_registered_them(
        self, uow_factory: UnitOfWorkFactory
    ) -> None:
        """Each once, by pages in the order of the ids, also a withdrawn one."""
        by = UUID(int=7)
        books = sorted((a_book(registered_by=by) for _ in range(3)), key=lambda book: book.id)
        await store(uow_factory, *books[::-1], a_book(), a_book(registered_by=UUID(int=8)))
        books[1].withdraw(by)

        async with uow_factory() as transaction:
            await transaction.uow.books.update(books[1])
            first = await transaction.uow.books.registered_by(by, limit=2)
            rest = await transaction.uow.books.registered_by(by, after=first[-1].id, limit=2)
            none = await transaction.uow.books.registered_by(by, after=books[2].id)
            await transaction.rollback()
        assert [*first, *rest, *none] == books

    async def test_a_loaded_book_is_seen(self, uow_factory: UnitOfWorkFactory) -> None:
        """A loaded book is in ``seen``, so that its events are collected."""
        book = a_book()
        await store(uow_factory, book)

        async with uow_factory() as transaction:
            loaded = await transaction.uow.books.get(book.id)
            assert any(seen is loaded for seen in transaction.uow.books.seen)
            await transaction.rollback()

    async def test_a_loaded_book_is_a_copy(self, uow_factory: UnitOfWorkFactory) -> None:
        """Changing a loaded book leaves the stored one unchanged."""
        book = a_book(title="Before")
        await store(uow_factory, book)

        async with uow_factory() as transaction:
            (await transaction.uow.books.get(book.id)).title = "After"
            await transaction.commit()

        async with uow_factory() as transaction:
            assert (await transaction.uow.books.get(book.id)).title == "Before"
            await transaction.rollback()

    async def test_books_are_counted(self, uow_factory: UnitOfWorkFactory) -> None:
        """The number of books, without those of a rolled-back transaction."""
        await store(uow_factory, a_book(), a_book())

        async with uow_factory() as transaction:
            await transaction.uow.books.add(a_book())
            assert await transaction.uow.books.count() == 3
            await transaction.rollback()

        async with uow_factory() as transaction:
            assert await transaction.uow.books.count() == 2
            await transaction.rollback()

    @pytest.mark.parametrize(
        "query",
        [
            *("CAFE", "café", "müller", "MULLER", "100%", "a_b", " cafe ", "1999-2001"),
            *("0-321-12521-5", "978-0-321", "978-0321-12", "9780321"),
        ],
    )
    async def test_a_search_ignores_case_and_accents(
        self, uow_factory: UnitOfWorkFactory, query: str
    ) -> None:
        """Parts of title, author and ISBN find a book; % and _ are no wildcards."""
        wanted = a_book(
            isbn="0321125215", title="Au Café: 100% a_b, 1999-2001", author="Jörg Müller"
        )
        await store(uow_factory, wanted, a_book(title="Caf 1000 aXb", author="Mu"))

        async with uow_factory() as transaction:
            found = await transaction.uow.books.page(query=query)
            await transaction.rollback()

        assert [book.id for book in found] == [wanted.id]
