"""What every review repository promises."""

import asyncio

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

    async def test_concurrent_changes_follow_each_other(
        self, uow_factory: UnitOfWorkFactory
    ) -> None:
        """Each change of a review that is loaded for it is stored, or raises WriteConflict."""
        review = await stored_review(uow_factory)

        async def change(rating: int) -> bool:
            async with uow_factory() as transaction:
                loaded = await transaction.uow.reviews.get_for_update(review.id)
                loaded.revise(rating, f"version {loaded.version + 1}")
                try:
                    await transaction.uow.reviews.update(loaded)
                except WriteConflict:
                    await transaction.rollback()
                    return False
                await transaction.commit()
                return True

        stored = await asyncio.gather(*map(change, range(4)))

        async with uow_factory() as transaction:
            newest = await transaction.uow.reviews.get(review.id)
            await transaction.rollback()
        assert newest.version == 1 + sum(stored) > 1
        assert newest.comment == f"version {newest.version}"

    async def test_an_unknown_review_is_an_error(self, uow_factory: UnitOfWorkFactory) -> None:
        """Getting an unknown review raises, finding gives None."""
        async with uow_factory() as transaction:
            with pytest.raises(ReviewNotFound):
                await transaction.uow.reviews.get(uuid7())
            with pytest.raises(ReviewNotFound):
                await transaction.uow.reviews.get_for_update(uuid7())
            assert await transaction.uow.reviews.find(uuid7()) is None
            await transaction.rollback()
