"""The repository of the reviews on SQL."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    ColumnElement,
    Row,
    Select,
    exists,
    false,
    select,
    true,
    tuple_,
    update,
)

from reading_club.adapters.uow_sqla import orm
from reading_club.adapters.uow_sqla.repositories import SQLRepository, locked_book
from reading_club.adapters.uow_sqla.reviewer_repository import locked_reviewer
from reading_club.adapters.uow_sqla.statements import in_values
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


def _is_older(order: tuple[Column[Any], Column[Any]], id: UUID) -> ColumnElement[bool]:
    """Return the condition that a row was stored before the one with this id.

    ``order`` are the columns of the time and the id. No row comes before an unknown one.
    """
    time, identifier = order
    last = identifier.table.alias("last")
    at = select(last.c[time.name]).where(last.c.id == id).scalar_subquery()
    return tuple_(*order) < tuple_(at, id)


class SQLReviewRepository(SQLRepository[Review], AbstractReviewRepository):
    """The reviews, in the table ``reviews``."""

    table = orm.reviews
    model = Review
    not_found = ReviewNotFound

    def _conditions(self, aggregate: Review) -> Sequence[ColumnElement[bool]]:
        return [
            exists(locked_book(aggregate.book_id)),
            exists(locked_reviewer(aggregate.reviewer_id)),
        ]

    async def _refusal(self, aggregate: Review) -> Refusal | None:
        if (unknown := await self._unknown(aggregate)) is not None:
            return unknown
        pair = (aggregate.book_id, aggregate.reviewer_id)
        return AlreadyReviewed(*pair) if await self._scalar(exists().where(_of(*pair))) else None

    async def find_of(self, book_id: UUID, reviewer_id: UUID) -> Review | None:
        """Return the review of the row, or None."""
        return await self._find(_of(book_id, reviewer_id))

    async def of_books(self, reviewer_id: UUID, book_ids: Sequence[UUID]) -> Mapping[UUID, Review]:
        """Return the reviews of the rows, by one statement."""
        columns = orm.reviews.c
        statement = select(orm.reviews).where(
            columns.reviewer_id == reviewer_id,
            in_values(self.session, columns.book_id, book_ids),
            columns.withdrawn == false(),
        )
        rows = await self.session.read(statement)
        return {row.book_id: self._loaded(row) for row in rows}

    async def update(self, review: Review) -> None:
        """Update the row of the previous version, unless book or reviewer are gone."""
        statement = (
            update(orm.reviews)
            .where(orm.reviews.c.id == review.id, orm.reviews.c.version == review.version - 1)
            .where(*self._conditions(review))
            .values({**review.model_dump(include=CHANGING), "updated_at": DatabaseTime()})
        )
        if (await self.session.write(statement)).rowcount != 1:
            changed = WriteConflict(f"review {review.id} was changed by another transaction")
            raise await self._unknown(review) or changed

    async def _unknown(self, review: Review) -> Refusal | None:
        """Return the error of a review whose book or reviewer is not there, or not any more."""
        if not await self._scalar(exists(locked_book(review.book_id))):
            return BookNotFound(review.book_id)
        if not await self._scalar(exists(locked_reviewer(review.reviewer_id))):
            return ReviewerNotFound(review.reviewer_id)
        return None

    async def update_withdrawn(self, reviews: Sequence[Review]) -> None:
        """Update the rows of the previous versions by one statement."""
        columns = orm.reviews.c
        previous = [(review.id, review.version - 1) for review in reviews]
        changes = {"withdrawn": true(), "comment": "", "version": columns.version + 1}
        statement = (
            update(orm.reviews)
            .where(tuple_(columns.id, columns.version).in_(previous))
            .values({**changes, "updated_at": DatabaseTime()})
        )
        if (await self.session.write(statement)).rowcount != len(reviews):
            raise WriteConflict("reviews were changed by another transaction")

    async def ids_of(self, reviewer_id: UUID) -> Sequence[UUID]:
        """Return the ids of the rows."""
        found = select(orm.reviews.c.id).where(orm.reviews.c.reviewer_id == reviewer_id)
        return list((await self.session.read(found)).scalars())

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
        statement = _select_listed().order_by(*[each.desc() for each in order]).limit(limit)
        if book_id is not None:
            statement = statement.where(columns.book_id == book_id)
        if reviewer_id is not None:
            statement = statement.where(columns.reviewer_id == reviewer_id)
        if before is not None:
            statement = statement.where(_is_older(order, before))
        return [self._listed(row) for row in await self.session.read(statement)]

    def _listed(self, row: Row[Any]) -> ListedReview:
        review = self._loaded(row)
        # PostgreSQL has read its clock for each of the two times of a new row.
        changed_at = row.created_at if review.version == 1 else row.updated_at
        return ListedReview(review, row.nickname, row.title, row.created_at, changed_at)


def _select_listed() -> Select[Any]:
    columns = orm.reviews.c
    return (
        select(orm.reviews, orm.reviewers.c.nickname, orm.books.c.title)
        .join(orm.reviewers, orm.reviewers.c.id == columns.reviewer_id)
        .join(orm.books, orm.books.c.id == columns.book_id)
        .where(columns.withdrawn == false())
    )


def _of(book_id: UUID, reviewer_id: UUID) -> ColumnElement[bool]:
    return (orm.reviews.c.book_id == book_id) & (orm.reviews.c.reviewer_id == reviewer_id)
