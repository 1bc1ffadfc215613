"""What every review repository promises of withdrawn reviews, and of lists."""

from collections.abc import Sequence

import pytest
from lastuuid import uuid7

from reading_club.domain.errors import AlreadyReviewed
from reading_club.domain.model import Book, Review, Reviewer
from reading_club.testing.builders import a_book, a_review, a_reviewer
from reading_club.testing.contracts.club.reviews import stored_review
from reading_club.testing.contracts.club.unit_of_work import UnitOfWorkFactory


class ReviewListsContract:
    """A withdrawn review is in no list, and is written again under its id."""

    @pytest.fixture(autouse=True)
    def _storage(self, uow_factory: UnitOfWorkFactory) -> None:
        self.uow_factory = uow_factory

    async def add(self, *aggregates: Book | Reviewer | Review) -> None:
        """Store each aggregate in a transaction of its own."""
        for each in aggregates:
            async with self.uow_factory() as transaction:
                if isinstance(each, Book):
                    await transaction.uow.books.add(each)
                elif isinstance(each, Reviewer):
                    await transaction.uow.reviewers.add(each)
                else:
                    await transaction.uow.reviews.add(each)
                await transaction.commit()

    async def withdraw(self, review: Review) -> None:
        """Withdraw a stored review."""
        async with self.uow_factory() as transaction:
            loaded = await transaction.uow.reviews.get(review.id)
            loaded.withdraw(by=loaded.reviewer_id)
            await transaction.uow.reviews.update(loaded)
            await transaction.commit()

    async def test_a_withdrawn_review_is_written_again(self) -> None:
        """It keeps its id, and its version grows."""
        review = await stored_review(self.uow_factory)
        await self.withdraw(review)
        async with self.uow_factory() as transaction:
            withdrawn = await transaction.uow.reviews.find_of(review.book_id, review.reviewer_id)
            assert withdrawn is not None
            assert (withdrawn.withdrawn, withdrawn.comment, withdrawn.version) == (True, "", 2)
            again = Review.create(uuid7(), review.book_id, review.reviewer_id, 3, "Again.")
            written = await transaction.uow.reviews.add_idempotent(again)
            await transaction.commit()

        async with self.uow_factory() as transaction:
            stored = await transaction.uow.reviews.get(review.id)
            await transaction.rollback()
        assert stored == written
        assert (stored.rating, stored.comment, stored.version) == (3, "Again.", 3)
        assert not stored.withdrawn

    async def test_a_review_that_is_not_withdrawn_is_not_written_again(self) -> None:
        """A second review with other content is refused."""
        review = await stored_review(self.uow_factory)
        again = Review.create(uuid7(), review.book_id, review.reviewer_id, 3, "Again.")

        async with self.uow_factory() as transaction:
            with pytest.raises(AlreadyReviewed):
                await transaction.uow.reviews.add_idempotent(again)
            assert await transaction.uow.reviews.find_of(uuid7(), review.reviewer_id) is None
            await transaction.rollback()

    async def a_book_with_reviews(self) -> Sequence[Review]:
        """Store a book with four reviews, of which the second is withdrawn."""
        book, reviewers = a_book(title="One"), [a_reviewer() for _ in range(4)]
        reviews = [a_review(book=book, reviewer=each) for each in reviewers]
        await self.add(book, *reviewers, *reviews)
        await self.withdraw(reviews[1])
        return reviews

    async def test_reviews_of_a_book_are_listed_newest_first(self) -> None:
        """Pages follow each other, without withdrawn reviews; an unknown cursor ends the list."""
        reviews = await self.a_book_with_reviews()
        book_id = reviews[0].book_id

        async with self.uow_factory() as transaction:
            page = transaction.uow.reviews.page
            first = await page(book_id=book_id, limit=2)
            second = await page(book_id=book_id, limit=2, before=first[-1].review.id)
            unknown = await page(book_id=book_id, before=uuid7())
            await transaction.rollback()

        listed = [each.review for each in (*first, *second)]
        assert listed == [reviews[3], reviews[2], reviews[0]]
        assert list(unknown) == []

    async def test_reviews_of_some_books_are_found(self) -> None:
        """A reviewer's own, by book: without withdrawn ones, other books and other reviewers."""
        own, other = a_reviewer(), a_reviewer()
        books = [a_book() for _ in range(4)]
        reviews = [a_review(book=book, reviewer=own, comment="mine") for book in books[:3]]
        await self.add(own, other, *books, *reviews, a_review(book=books[3], reviewer=other))
        await self.add(a_review(book=books[0], reviewer=other))
        await self.withdraw(reviews[1])

        async with self.uow_factory() as transaction:
            of_books = transaction.uow.reviews.of_books
            found = await of_books(own.id, [book.id for book in (*books[:2], books[3])])
            none = await of_books(own.id, [])
            unknown = await of_books(uuid7(), [book.id for book in books])
            await transaction.rollback()

        assert dict(found) == {books[0].id: reviews[0]}
        assert (dict(none), dict(unknown)) == ({}, {})

    async def test_a_listed_review_has_names_and_times(self) -> None:
        """It names reviewer and book; a change moves the later of two times."""
        reviews = await self.a_book_with_reviews()
        async with self.uow_factory() as transaction:
            changed = await transaction.uow.reviews.get(reviews[0].id)
            changed.revise(1, "no")
            await transaction.uow.reviews.update(changed)
            await transaction.commit()

        async with self.uow_factory() as transaction:
            (own,) = await transaction.uow.reviews.page(reviewer_id=reviews[0].reviewer_id)
            (other,) = await transaction.uow.reviews.page(reviewer_id=reviews[3].reviewer_id)
            reviewer = await transaction.uow.reviewers.get(reviews[0].reviewer_id)
            await transaction.rollback()

        assert (own.nickname, own.title) == (reviewer.nickname, "One")
        assert own.created_at is not None
        assert own.updated_at is not None
        assert own.created_at <= own.updated_at
        assert other.created_at is not None
        assert other.created_at == other.updated_at
