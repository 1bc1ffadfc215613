"""The repository of the reviews, in memory."""

from collections.abc import Mapping, Sequence
from itertools import islice
from uuid import UUID

from reading_club.adapters.memory.book_pages import NEVER
from reading_club.adapters.memory.club_database import InMemoryDatabase
from reading_club.adapters.memory.repositories import (
    InMemoryRepository,
    detached_copy,
    require_book,
)
from reading_club.adapters.memory.reviewer_repository import require_reviewer
from reading_club.domain.errors import AlreadyReviewed, ReviewNotFound
from reading_club.domain.model import Review
from reading_club.eventstream.errors import WriteConflict
from reading_club.service.repositories import AbstractReviewRepository, ListedReview


class InMemoryReviewRepository(InMemoryRepository[Review], AbstractReviewRepository):
    """The reviews, in memory."""

    table = "reviews"
    not_found = ReviewNotFound

    def _refuse(self, aggregate: Review, tables: InMemoryDatabase) -> None:
        require_book(tables, aggregate.book_id)
        require_reviewer(tables, aggregate.reviewer_id)
        pair = (aggregate.book_id, aggregate.reviewer_id)
        if pair in {(review.book_id, review.reviewer_id) for review in tables.reviews.values()}:
            raise AlreadyReviewed(*pair)

    async def add(self, aggregate: Review) -> None:
        """Store a copy and the time of storage."""
        now = self.transaction.now
        await super().add(aggregate)
        self.transaction.write(lambda tables: tables.reviewed.update({aggregate.id: (now, now)}))

    async def find_of(self, book_id: UUID, reviewer_id: UUID) -> Review | None:
        """Return a copy, or None."""
        reviews, pair = self.transaction.tables.reviews.values(), (book_id, reviewer_id)
        found = (r for r in reviews if (r.book_id, r.reviewer_id) == pair)
        return next((self._loaded(review) for review in found), None)

    async def of_books(self, reviewer_id: UUID, book_ids: Sequence[UUID]) -> Mapping[UUID, Review]:
        """Return copies."""
        reviews, wanted = self.transaction.tables.reviews.values(), set(book_ids)
        return {
            review.book_id: self._loaded(review)
            for review in reviews
            if review.reviewer_id == reviewer_id
            and review.book_id in wanted
            and not review.withdrawn
        }

    async def update(self, review: Review) -> None:
        """Store a copy of the next version."""
        book_id, reviewer_id = review.book_id, review.reviewer_id
        self.transaction.write(lambda tables: require_book(tables, book_id))
        self.transaction.write(lambda tables: require_reviewer(tables, reviewer_id))
        self._replace(review)

    async def withdraw_all(
        self, by: UUID, *, reviewer_id: UUID | None = None, book_id: UUID | None = None
    ) -> None:
        """Withdraw them. The commit is refused if there is another one by then."""
        await super().withdraw_all(by, reviewer_id=reviewer_id, book_id=book_id)

        def check(tables: InMemoryDatabase) -> None:
            reviews = (review for review in tables.reviews.values() if not review.withdrawn)
            if any(each.reviewer_id == reviewer_id or each.book_id == book_id for each in reviews):
                raise WriteConflict("another transaction has stored a review")

        self.transaction.write(check)

    async def update_withdrawn(self, reviews: Sequence[Review]) -> None:
        """Store copies of the next versions."""
        for review in reviews:
            self._replace(review)

    async def ids_of(self, reviewer_id: UUID) -> Sequence[UUID]:
        """Return the ids. The commit is refused if they are others by then."""

        def ids(tables: InMemoryDatabase) -> Sequence[UUID]:
            return [r.id for r in tables.reviews.values() if r.reviewer_id == reviewer_id]

        def check(tables: InMemoryDatabase) -> None:
            if ids(tables) != found:
                raise WriteConflict(f"reviewer {reviewer_id} has written another review")

        found = ids(self.transaction.tables)
        self.transaction.write(check)
        return found

    def _replace(self, review: Review) -> None:
        revised, now = detached_copy(review), self.transaction.now

        def replace(tables: InMemoryDatabase) -> None:
            stored = tables.reviews.get(revised.id)
            if stored is None or stored.version != revised.version - 1:
                raise WriteConflict(f"review {revised.id} was changed by another transaction")
            said = revised.model_dump(include={"rating", "comment", "version", "withdrawn"})
            tables.reviews[revised.id] = detached_copy(stored.model_copy(update=said))
            tables.reviewed[revised.id] = (tables.reviewed[revised.id][0], now)

        self.transaction.write(replace)

    async def page(
        self,
        *,
        book_id: UUID | None = None,
        reviewer_id: UUID | None = None,
        before: UUID | None = None,
        limit: int = 50,
    ) -> Sequence[ListedReview]:
        """Return copies, the newest first."""
        tables = self.transaction.tables
        order = sorted(((at, id_) for id_, (at, _) in tables.reviewed.items()), reverse=True)
        if before is not None:
            last = (tables.reviewed.get(before, (NEVER, NEVER))[0], before)
            order = [key for key in order if key < last]
        reviews = (tables.reviews[id_] for _, id_ in order)
        found = (
            review
            for review in reviews
            if not review.withdrawn
            and book_id in {None, review.book_id}
            and reviewer_id in {None, review.reviewer_id}
        )
        return [self._listed(review, tables) for review in islice(found, limit)]

    def _listed(self, review: Review, tables: InMemoryDatabase) -> ListedReview:
        nickname = tables.reviewers[review.reviewer_id].nickname
        title = tables.books[review.book_id].title
        return ListedReview(self._loaded(review), nickname, title, *tables.reviewed[review.id])
