"""``/api/books/{id}/reviews``: the reviews of a book; ``/api/reviewers``: who wrote them."""

from typing import Self
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import AwareDatetime, BaseModel

from reading_club.app.application import TheApplication
from reading_club.app.web.identity import require_reader
from reading_club.app.web.paging import Cursor, Limit, Page, page_of
from reading_club.app.web.problems import responses
from reading_club.service.repositories import ListedReview

router = APIRouter(
    prefix="/api",
    tags=["reviews"],
    dependencies=[Depends(require_reader)],
    responses=responses(401, 404, 422, 503),
)


class ReviewerOut(BaseModel):
    """A member who writes reviews."""

    id: UUID
    nickname: str


class ReviewOut(BaseModel):
    """A review. ``rating`` is 0 to 10, and each change adds one to ``version``.

    The times are by the database's clock; null for a review of an early release.
    """

    id: UUID
    reviewer: ReviewerOut
    rating: int
    comment: str
    version: int
    created_at: AwareDatetime | None
    updated_at: AwareDatetime | None

    @classmethod
    def of(cls, listed: ListedReview) -> Self:
        """Return the representation of a review in a list."""
        review = listed.review
        return cls(
            id=review.id,
            reviewer=ReviewerOut(id=review.reviewer_id, nickname=listed.nickname),
            rating=review.rating,
            comment=review.comment,
            version=review.version,
            created_at=listed.created_at,
            updated_at=listed.updated_at,
        )


class ReviewPage(Page):
    """A page of reviews, the newest first."""

    items: list[ReviewOut]


@router.get("/books/{id}/reviews")
async def list_reviews(
    id: UUID, application: TheApplication, cursor: Cursor = None, limit: Limit = 50
) -> ReviewPage:
    """List the reviews of a book, the newest first."""
    async with application.reading() as uow:
        await uow.books.get(id)
        reviews = await uow.reviews.page(book_id=id, before=cursor, limit=limit + 1)
    items, next_cursor = page_of(reviews, limit)
    return ReviewPage(items=[ReviewOut.of(each) for each in items], next_cursor=next_cursor)


@router.get("/reviewers/{id}")
async def get_reviewer(id: UUID, application: TheApplication) -> ReviewerOut:
    """Get one reviewer."""
    async with application.reading() as uow:
        reviewer = await uow.reviewers.get(id)
    return ReviewerOut(id=reviewer.id, nickname=reviewer.nickname)
