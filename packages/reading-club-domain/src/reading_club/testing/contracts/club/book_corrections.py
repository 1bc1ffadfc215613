"""What every storage promises about corrections of books."""

import pytest
from lastuuid import uuid7

from reading_club.domain.errors import (
    BookAlreadyRegistered,
    BookNotFound,
    IdentifierTaken,
    VersionMismatch,
)
from reading_club.domain.messages import CorrectBook, RegisterBook
from reading_club.domain.model import Book
from reading_club.eventstream.errors import WriteConflict
from reading_club.testing.builders import an_isbn
from reading_club.testing.contracts.club.book_changes_helpers import (
    ORGANISER,
    BookChangesFixtures,
    a_correction,
    a_registration,
)

TAKEN = (BookAlreadyRegistered, WriteConflict)


class BookCorrectionsContract(BookChangesFixtures):
    """A book is corrected by the version that was seen, and found by what it says then."""

    async def test_a_correction_is_found_by_its_words(self) -> None:
        """Title, author, ISBN, order and version are the new ones; the old ones find nothing."""
        book, other = a_registration("Mormo", "M. Ende"), a_registration("Nils", "Selma Lagerlöf")
        correct = a_correction(book, isbn=an_isbn(), title="Zora", author="Kurt Held; N. N.")
        await self.send(book, other, correct)

        stored = await self.book(book.id)
        assert stored.content == (correct.title, correct.author, stored.isbn_digits)
        assert (stored.isbn, stored.version) == (correct.isbn, 2)
        assert await self.found() == [other.id, book.id]
        assert [await self.found(old) for old in ("mormo", "ende", str(book.isbn))] == [[]] * 3
        assert [await self.found(new) for new in ("zora held", str(correct.isbn))] == [
            [book.id]
        ] * 2
        assert await self.by_isbn(book.isbn) is None
        assert self.types()[-1] == "book_corrected_v1"

    async def test_the_isbn_of_before_is_free(self) -> None:
        """Another book may have it, also one that is corrected to it."""
        book, other = a_registration(), a_registration()
        await self.send(book, a_correction(book, isbn=an_isbn()), other)

        await self.send(a_correction(other, isbn=book.isbn))

        known = await self.by_isbn(book.isbn)
        assert known is not None
        assert known.id == other.id

    async def test_an_isbn_may_be_taken_away(self) -> None:
        """More than one book may be without; the words of the ISBN are gone."""
        books = [a_registration(), a_registration()]
        await self.send(*books, *[a_correction(each, isbn=None) for each in books])

        assert [(await self.book(each.id)).isbn for each in books] == [None, None]
        assert await self.found(str(books[0].isbn)) == []
        assert await self.found("momo") == sorted(each.id for each in books)

    async def test_an_isbn_may_be_added(self) -> None:
        """A book without one is published as its second version, and found by its ISBN then."""
        book, isbn = RegisterBook(title="Beowulf", author="unknown"), an_isbn()
        await self.send(book, a_correction(book, isbn=isbn))

        assert await self.found(str(isbn)) == [book.id]
        assert self.types() == ["book_registered_v2", "book_corrected_v1"]

    async def test_the_isbn_of_another_book_is_refused(self) -> None:
        """Nothing changes then."""
        book, other = a_registration(), a_registration()
        await self.send(book, other)

        with pytest.raises(BookAlreadyRegistered) as refusal:
            await self.send(a_correction(book, isbn=other.isbn, title="Other"))

        assert refusal.value.isbn == other.isbn
        assert ((await self.book(book.id)).title, self.types()) == (
            "Momo",
            ["book_registered_v1"] * 2,
        )

    async def test_an_equal_content_is_no_correction(self) -> None:
        """There is neither a version nor an event."""
        book = a_registration()
        await self.send(book, a_correction(book))

        assert (await self.book(book.id)).version == 1
        assert self.types() == ["book_registered_v1"]

    async def test_another_version_is_refused(self) -> None:
        """A correction of a version that was corrected meanwhile changes nothing."""
        book = a_registration()
        await self.send(book, a_correction(book, title="One", expected_version=1))

        with pytest.raises(VersionMismatch):
            await self.send(a_correction(book, title="Two", expected_version=1))

        assert (await self.book(book.id)).title == "One"

    async def test_an_unknown_book_is_not_corrected(self) -> None:
        """BookNotFound, and nothing is stored."""
        with pytest.raises(BookNotFound):
            await self.send(a_correction(a_registration()))

        assert self.types() == []

    async def test_no_correction_is_lost(self) -> None:
        """Of two that loaded one version, the second raises WriteConflict."""
        book = a_registration()
        await self.send(book)
        mine, theirs = await self.book(book.id), await self.book(book.id)
        mine.correct(book.isbn, "Mine", "A", ORGANISER)
        theirs.correct(book.isbn, "Theirs", "A", ORGANISER)
        await self.run(lambda uow: uow.books.update(theirs))

        with pytest.raises(WriteConflict):
            await self.run(lambda uow: uow.books.update(mine))

        assert (await self.book(book.id)).title == "Theirs"

    async def test_a_registration_is_repeated_by_its_content(self) -> None:
        """After a correction it is another book's id, until the content is as it was."""
        book = a_registration()
        await self.send(book, a_correction(book, title="Other"))

        with pytest.raises(IdentifierTaken):
            await self.send(book)
        await self.send(a_correction(book))
        (known,) = await self.send(book.model_copy(update={"message_id": uuid7()}))

        assert isinstance(known, Book)
        assert (known.id, known.version) == (book.id, 3)

    @pytest.mark.parametrize("first", ["the correction", "the registration"])
    async def test_an_isbn_is_given_once(self, first: str) -> None:
        """Of a correction and a registration at once, one gets the ISBN; the other is refused."""
        book, other = a_registration(), a_registration()
        await self.send(book)
        both: tuple[CorrectBook | RegisterBook, ...] = (a_correction(book, isbn=other.isbn), other)

        results = await self.overlap(*(both if first == "the correction" else both[::-1]))

        errors = [each for each in results if isinstance(each, BaseException)]
        assert len(errors) == 1
        assert isinstance(errors[0], TAKEN)
        assert await self.by_isbn(other.isbn) is not None
