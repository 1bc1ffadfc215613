"""What every review repository promises."""

import pytest
from lastuuid import uuid7

from reading_club.domain.errors import (
    AlreadyReviewed,
    BookNotFound,
    IdentifierTaken,
    ReviewerNotFound,
    ReviewNotFound,
)
from reading_club.domain.model import Review
from reading_club.eventstream.errors import WriteConflict
from reading_club.testing.builders import a_book, a_review, a_reviewer
from reading_club.testing.contracts.club.unit_of_work import UnitOfWorkFactory


async def stored_review(uow_factory: UnitOfWorkFactory) -> Review:
    """Commit a review with its book and reviewer, and return it."""
    book, reviewer = a_book(), a_reviewer()
    review = a_review(book=book, reviewer=reviewer, rating=5)
    async with uow_factory() as transaction:
        await transaction.uow.books.add(book)
        await transaction.uow.reviewers.add(reviewer)
        await transaction.uow.reviews.add(review)
        await transaction.commit()
    return review


class ReviewRepositoryContract:
    """There is one review a reviewer and book, and no change is lost."""

    async def test_a_review_is_stored(self, uow_factory: UnitOfWorkFactory) -> None:
        """A new review can be loaded by id."""
        review = await stored_review(uow_factory)

        async with uow_factory() as transaction:
            assert await transaction.uow.reviews.get(review.id) == review
            await transaction.rollback()

    async def test_a_reviewer_reviews_a_book_once(self, uow_factory: UnitOfWorkFactory) -> None:
        """A second review of the same book by the same reviewer is refused."""
        review = await stored_review(uow_factory)
        again = Review.create(uuid7(), review.book_id, review.reviewer_id, 1)

        async with uow_factory() as transaction:
            with pytest.raises(AlreadyReviewed):
                await transaction.uow.reviews.add(again)
            assert transaction.uow.reviews.seen == []
            await transaction.rollback()

    async def test_an_id_is_unique(self, uow_factory: UnitOfWorkFactory) -> None:
        """A second review with a known id is refused."""
        review = await stored_review(uow_factory)
        other = Review.create(review.id, review.book_id, review.reviewer_id, 1)

        async with uow_factory() as transaction:
            with pytest.raises(IdentifierTaken):
                await transaction.uow.reviews.add(other)
            await transaction.rollback()

    async def test_the_book_must_exist(self, uow_factory: UnitOfWorkFactory) -> None:
        """A review of a book that is not stored is refused."""
        reviewer = a_reviewer()
        async with uow_factory() as transaction:
            await transaction.uow.reviewers.add(reviewer)
            with pytest.raises(BookNotFound):
                await transaction.uow.reviews.add(a_review(book=a_book(), reviewer=reviewer))
            await transaction.rollback()

    async def test_the_reviewer_must_exist(self, uow_factory: UnitOfWorkFactory) -> None:
        """A review by a reviewer that is not stored is refused."""
        book = a_book()
        async with uow_factory() as transaction:
            await transaction.uow.books.add(book)
            with pytest.raises(ReviewerNotFound):
                await transaction.uow.reviews.add(a_review(book=book, reviewer=a_reviewer()))
            await transaction.rollback()

    async def test_a_revision_is_stored(self, uow_factory: UnitOfWorkFactory) -> None:
        """The next version replaces the one before."""
        review = await stored_review(uow_factory)
        async with uow_factory() as transaction:
            loaded = await transaction.uow.reviews.get(review.id)
            loaded.revise(9, "Better at the second reading.")
            await transaction.uow.reviews.update(loaded)
            await transaction.commit()

        async with uow_factory() as transaction:
            stored = await transaction.uow.reviews.get(review.id)
            await transaction.rollback()
        assert (stored.rating, stored.comment, stored.version) == (
            9,
            "Better at the second reading.",
            2,
        )

    async def test_no_revision_is_lost(self, uow_factory: UnitOfWorkFactory) -> None:
        """Of two concurrent revisions of one version, the second raises WriteConflict."""
        review = await stored_review(uow_factory)
        async with uow_factory() as slow:
            mine = await slow.uow.reviews.get(review.id)
            mine.revise(1, "mine")
            async with uow_factory() as fast:
                theirs = await fast.uow.reviews.get(review.id)
                theirs.revise(10, "theirs")
                await fast.uow.reviews.update(theirs)
                await fast.commit()

            with pytest.raises(WriteConflict):
                await slow.uow.reviews.update(mine)
            await slow.rollback()

        async with uow_factory() as transaction:
            assert (await transaction.uow.reviews.get(review.id)).comment == "theirs"
            await transaction.rollback()

    async def test_a_withdrawn_review_is_written_again(
        self, uow_factory: UnitOfWorkFactory
    ) -> None:
        """It keeps its id, and its version grows; a review that is there is refused."""
        review = await stored_review(uow_factory)
        again = Review.create(uuid7(), review.book_id, review.reviewer_id, 3, "Again.")
        async with uow_factory() as transaction:
            loaded = await transaction.uow.reviews.get(review.id)
            loaded.withdraw(by=review.reviewer_id)
            await transaction.uow.reviews.update(loaded)
            await transaction.commit()
        async with uow_factory() as transaction:
            withdrawn = await transaction.uow.reviews.find_of(review.book_id, review.reviewer_id)
            assert withdrawn is not None
            assert (withdrawn.withdrawn, withdrawn.comment, withdrawn.version) == (True, "", 2)
            written = await transaction.uow.reviews.add_idempotent(again)
            await transaction.commit()

        async with uow_factory() as transaction:
            stored = await transaction.uow.reviews.get(review.id)
            assert stored == written
            assert (stored.rating, stored.comment, stored.version) == (3, "Again.", 3)
            assert not stored.withdrawn
            with pytest.raises(AlreadyReviewed):
                await transaction.uow.reviews.add_idempotent(again)
            assert await transaction.uow.reviews.find_of(uuid7(), review.reviewer_id) is None
            await transaction.rollback()

    async def test_reviews_are_listed_without_withdrawn_ones(
        self, uow_factory: UnitOfWorkFactory
    ) -> None:
        """Pages of a book or a reviewer show the newest first, with names and times."""
        book, other = a_book(title="One"), a_book()
        reviewers = [a_reviewer() for _ in range(4)]
        reviews = [a_review(book=book, reviewer=each) for each in reviewers]
        elsewhere = a_review(book=other, reviewer=reviewers[0])
        async with uow_factory() as transaction:
            for shelved in (book, other):
                await transaction.uow.books.add(shelved)
            for reviewer in reviewers:
                await transaction.uow.reviewers.add(reviewer)
            await transaction.commit()
        for review in [*reviews, elsewhere]:
            async with uow_factory() as transaction:
                await transaction.uow.reviews.add(review)
                await transaction.commit()
        async with uow_factory() as transaction:
            gone = await transaction.uow.reviews.get(reviews[1].id)
            gone.withdraw(by=gone.reviewer_id)
            await transaction.uow.reviews.update(gone)
            await transaction.commit()

        async with uow_factory() as transaction:
            page = transaction.uow.reviews.page
            first = await page(book_id=book.id, limit=2)
            second = await page(book_id=book.id, limit=2, before=first[-1].review.id)
            own = await page(reviewer_id=reviewers[0].id)
            none = await page(book_id=book.id, before=uuid7())
            await transaction.rollback()
        listed = [each.review for each in (*first, *second)]
        assert listed == [reviews[3], reviews[2], reviews[0]]
        assert [(each.nickname, each.title) for each in first] == [
            (reviewers[3].nickname, "One"),
            (reviewers[2].nickname, "One"),
        ]
        assert [each.review for each in own] == [elsewhere, reviews[0]]
        assert list(none) == []
        assert all(each.created_at == each.updated_at is not None for each in first)

    async def test_an_unknown_review_is_an_error(self, uow_factory: UnitOfWorkFactory) -> None:
        """Getting an unknown review raises, finding gives None."""
        async with uow_factory() as transaction:
            with pytest.raises(ReviewNotFound):
                await transaction.uow.reviews.get(uuid7())
            assert await transaction.uow.reviews.find(uuid7()) is None
            await transaction.rollback()
