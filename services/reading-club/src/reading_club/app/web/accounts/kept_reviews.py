"""The reviews of a member, as a part of what the club keeps of the member."""

from collections.abc import AsyncIterator, Sequence
from typing import Final, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel

from reading_club.app.application import Application
from reading_club.eventstream.errors import WriteConflict
from reading_club.service.repositories import ListedReview

REVIEWS_TOGETHER: Final = 100
"""Reviews that one statement reads."""


class KeptReview(BaseModel):
    """A review of the member. ``rating`` is 0 to 10."""

    id: UUID
    book_id: UUID
    title: str
    rating: int
    comment: str
    version: int
    created_at: AwareDatetime | None
    updated_at: AwareDatetime | None

    @classmethod
    def of(cls, listed: ListedReview) -> Self:
        """Return the representation of a review."""
        return cls(
            **listed.review.model_dump(),
            title=listed.title,
            created_at=listed.created_at,
            updated_at=listed.updated_at,
        )


async def reviews_of(
    application: Application, reviewer_id: UUID
) -> AsyncIterator[Sequence[KeptReview]]:
    """Yield the reviews by pages, each read in a transaction of its own.

    Raises TransientFailure; WriteConflict if they cannot be followed, as one was removed.
    """
    before: UUID | None = None
    while True:
        async with application.reading() as uow:
            found = await uow.reviews.page(
                reviewer_id=reviewer_id, before=before, limit=REVIEWS_TOGETHER + 1
            )
        if before is not None and not found:
            raise WriteConflict("a review was removed during the export: export again")
        yield [KeptReview.of(each) for each in found[:REVIEWS_TOGETHER]]
        if len(found) <= REVIEWS_TOGETHER:
            return
        before = found[REVIEWS_TOGETHER - 1].id
