"""The repository of the reviews on SQL."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, exists, false, select, tuple_, update

from reading_club.adapters.uow_sqla import orm
from reading_club.adapters.uow_sqla.repositories import SQLRepository
from reading_club.adapters.uow_sqla.types import DatabaseTime
from reading_club.domain.errors import (
    AlreadyReviewed,
    BookNotFound,
    Refusal,
    ReviewerNotFound,
    ReviewNotFound,
)
from reading_club.domain.model import Review
from reading_club.eventstream.errors import WriteConflict
from reading_club.service.repositories import AbstractReviewRepository, ListedReview

CHANGING = {"rating", "comment", "version", "withdrawn"}


class SQLReviewRepository(SQLRepository[Review], AbstractReviewRepository):
    """The reviews, in the table ``reviews``."""

    table = orm.reviews
    model = Review
    not_found = ReviewNotFound

    def _conditions(self, aggregate: Review) -> Sequence[ColumnElement[bool]]:
        return [
            exists().where(orm.books.c.id == aggregate.book_id),
            exists().where(orm.reviewers.c.id == aggregate.reviewer_id),
        ]

    async def _refusal(self, aggregate: Review) -> Refusal | None:
        if not await self._exists(orm.books, aggregate.book_id):
            return BookNotFound(aggregate.book_id)
        if not await self._exists(orm.reviewers, aggregate.reviewer_id):
            return ReviewerNotFound(aggregate.reviewer_id)
        pair = (aggregate.book_id, aggregate.reviewer_id)
        return AlreadyReviewed(*pair) if await self._scalar(exists().where(_of(*pair))) else None

    async def find_of(self, book_id: UUID, reviewer_id: UUID) -> Review | None:
        """Return the review of the row, or None."""
        return await self._find(_of(book_id, reviewer_id))

    async def update(self, review: Review) -> None:
        """Update the row of the previous version. Raises WriteConflict if it has another."""
        statement = (
            update(orm.reviews)
            .where(orm.reviews.c.id == review.id, orm.reviews.c.version == review.version - 1)
            .values({**review.model_dump(include=CHANGING), "updated_at": DatabaseTime()})
        )
        if (await self.session.write(statement)).rowcount != 1:
            raise WriteConflict(f"review {review.id} was changed by another transaction")

    async def page(
        self,
        *,
        book_id: UUID | None = None,
        reviewer_id: UUID | None = None,
        before: UUID | None = None,
        limit: int = 50,
    ) -> Sequence[ListedReview]:
        """Return up to ``limit`` reviews that are not withdrawn, the newest first."""
        columns = orm.reviews.c
        order = (columns.created_at, columns.id)
        statement = (
            select(orm.reviews, orm.reviewers.c.nickname, orm.books.c.title)
            .join(orm.reviewers, orm.reviewers.c.id == columns.reviewer_id)
            .join(orm.books, orm.books.c.id == columns.book_id)
            .where(columns.withdrawn == false())
            .order_by(*[each.desc() for each in order])
            .limit(limit)
        )
        if book_id is not None:
            statement = statement.where(columns.book_id == book_id)
        if reviewer_id is not None:
            statement = statement.where(columns.reviewer_id == reviewer_id)
        if before is not None:
            last = orm.reviews.alias("last")  # NULL for an unknown review, which empties the page
            time = select(last.c.created_at).where(last.c.id == before).scalar_subquery()
            statement = statement.where(tuple_(*order) < tuple_(time, before))
        return [
            ListedReview(self._loaded(row), row.nickname, row.title, row.created_at, row.updated_at)
            for row in await self.session.read(statement)
        ]


def _of(book_id: UUID, reviewer_id: UUID) -> ColumnElement[bool]:
    return (orm.reviews.c.book_id == book_id) & (orm.reviews.c.reviewer_id == reviewer_id)
