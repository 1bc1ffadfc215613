"""What every storage promises about withdrawn books and their reviews."""

from collections.abc import Mapping
from uuid import UUID

import pytest

from reading_club.domain.errors import BookNotFound, IdentifierTaken, VersionMismatch
from reading_club.domain.messages import (
    ClubCommand,
    CreateReview,
    CreateReviewer,
    RegisterBook,
    ReviseReview,
    WithdrawBook,
    WithdrawReview,
)
from reading_club.eventstream.errors import TransientFailure
from reading_club.service import review_repository
from reading_club.service.book_pages import ORDERS
from reading_club.service.catalogue import CatalogueEntry
from reading_club.service.uow import AbstractUnitOfWork
from reading_club.testing.contracts.club.book_changes_helpers import (
    ORGANISER,
    BookChangesFixtures,
    a_correction,
    a_registration,
)

REFUSED = (BookNotFound, TransientFailure)
KINDS = ["a review", "a revision", "a withdrawn review again"]


def a_withdrawal(book: RegisterBook, expected_version: int | None = None) -> WithdrawBook:
    """Return the command that withdraws a book."""
    return WithdrawBook(id=book.id, withdrawn_by=ORGANISER, expected_version=expected_version)


class BookWithdrawalsContract(BookChangesFixtures):
    """A withdrawn book leaves the shelf with its reviews, for good; its ISBN is free."""

    async def reviewed(self, number: int = 3) -> tuple[RegisterBook, list[CreateReview]]:
        """Store a book with reviews, by members of their own."""
        book = a_registration()
        members = [CreateReviewer(nickname=f"Reader {n}") for n in range(number)]
        reviews = [CreateReview(book_id=book.id, reviewer_id=m.id, rating=7) for m in members]
        await self.send(book, *members, *reviews)
        return book, reviews

    async def left(self, book_id: UUID) -> list[UUID]:
        """Return the ids of the book's reviews that are not withdrawn."""
        listed = await self.run(lambda uow: uow.reviews.page(book_id=book_id))
        return [each.id for each in listed]

    async def test_a_withdrawn_book_is_not_found(self) -> None:
        """Neither by its id nor by its ISBN, in no order and by no word, and it is not counted."""
        book, other = a_registration(), a_registration("Nils")
        await self.send(book, other)
        shown = CatalogueEntry(book_id=book.id, title=book.title, author=book.author, isbn="")
        await self.run(lambda uow: uow.catalogue.put(shown))
        await self.send(a_withdrawal(book))

        async def look(uow: AbstractUnitOfWork) -> None:
            assert await uow.books.find(book.id) is None
            assert await uow.books.count() == 1
            for order in ORDERS:
                assert book.id not in [each.id for each in await uow.books.page(order=order)]
                assert list(await uow.books.page(order=order, query="momo")) == []

        await self.run(look)
        assert await self.by_isbn(book.isbn) is None
        with pytest.raises(BookNotFound):
            await self.book(book.id)
        assert self.types()[-1] == "book_withdrawn_v1"

    async def test_a_page_goes_on_after_a_book_that_was_withdrawn(self) -> None:
        """Its place among the newest is kept."""
        older, book = a_registration(), a_registration()
        await self.send(older)
        await self.send(book)
        await self.send(a_withdrawal(book))

        listed = await self.run(lambda uow: uow.books.page(before=book.id))

        assert [each.id for each in listed] == [older.id]

    async def test_its_isbn_is_free_again_and_its_id_is_not(self) -> None:
        """The same registration again does not bring it back; a new id does."""
        book = a_registration()
        await self.send(book, a_withdrawal(book))

        with pytest.raises(IdentifierTaken):
            await self.send(book)
        again = RegisterBook(isbn=book.isbn, title=book.title, author=book.author)
        await self.send(again)

        assert await self.found("momo") == [again.id]

    async def test_its_reviews_go_along(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Each has an event that names the organiser, also of more than one batch."""
        monkeypatch.setattr(review_repository, "WITHDRAWN_TOGETHER", 2)
        book, reviews = await self.reviewed(5)
        before = len(self.transport.events)

        await self.send(a_withdrawal(book))

        events = self.transport.events[before:]
        withdrawn = [each for each in events if each["type"] == "review_withdrawn_v1"]
        assert len(events) == 1 + len(withdrawn) == 6
        assert all(str(ORGANISER) in each["payload"] for each in events)
        assert await self.left(book.id) == []
        for each in reviews:
            review = await self.run(lambda uow, id_=each.id: uow.reviews.get(id_))
            assert (review.withdrawn, review.comment) == (True, "")

    async def test_once_more_changes_nothing(self) -> None:
        """There is no second event, whichever version is expected."""
        book, _ = await self.reviewed()
        await self.send(a_withdrawal(book, 1))
        before = self.types()

        await self.send(a_withdrawal(book, 1))

        assert self.types() == before

    async def test_another_version_is_not_withdrawn(self) -> None:
        """The book and its reviews stay."""
        book, reviews = await self.reviewed()
        await self.send(a_correction(book, title="Other"))

        with pytest.raises(VersionMismatch):
            await self.send(a_withdrawal(book, 1))

        assert len(await self.left(book.id)) == len(reviews)

    async def test_it_is_neither_corrected_nor_reviewed(self) -> None:
        """Each raises BookNotFound, and nothing is published."""
        book, reviews = await self.reviewed()
        newcomer = CreateReviewer(nickname="Newcomer")
        await self.send(newcomer, a_withdrawal(book))
        before = self.types()
        late: list[ClubCommand] = [
            a_correction(book, title="Other"),
            CreateReview(book_id=book.id, reviewer_id=newcomer.id, rating=1),
            CreateReview(book_id=book.id, reviewer_id=reviews[0].reviewer_id, rating=1),
            ReviseReview(id=reviews[0].id, rating=1),
        ]

        for command in late:
            with pytest.raises(BookNotFound):
                await self.send(command)

        assert self.types() == before

    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("first", ["the review", "the withdrawal"])
    async def test_no_review_is_left_of_a_withdrawn_book(self, first: str, kind: str) -> None:
        """Whichever begins first, the other is refused, or the review is withdrawn as well."""
        book, reviews = await self.reviewed()
        newcomer, gone = CreateReviewer(nickname="Newcomer"), reviews[2]
        await self.send(newcomer, WithdrawReview(id=gone.id, withdrawn_by=gone.reviewer_id))
        late: Mapping[str, ClubCommand] = {
            "a review": CreateReview(book_id=book.id, reviewer_id=newcomer.id, rating=1),
            "a revision": ReviseReview(id=reviews[0].id, rating=1),
            "a withdrawn review again": CreateReview(
                book_id=book.id, reviewer_id=gone.reviewer_id, rating=1
            ),
        }
        both = (late[kind], a_withdrawal(book))

        results = await self.overlap(*(both if first == "the review" else both[::-1]))

        errors = [each for each in results if isinstance(each, BaseException)]
        assert len(errors) < 2
        assert all(isinstance(each, REFUSED) for each in errors), errors
        if await self.found("momo"):  # the review has won, and the withdrawal is to be repeated
            await self.send(a_withdrawal(book))
        assert await self.left(book.id) == []
