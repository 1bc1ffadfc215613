"""The port of the repository of the reviews; ``repositories`` has it with all others."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from reading_club.domain.errors import AlreadyReviewed
from reading_club.domain.model import Review
from reading_club.service.repository_base import Repository

WITHDRAWN_TOGETHER: Final = 500
"""Reviews that one statement withdraws."""


@dataclass(frozen=True)
class ListedReview:
    """A review in a list, with the names of its reviewer and its book."""

    review: Review
    nickname: str
    title: str
    created_at: datetime | None
    """When the review was stored first, by the storage's clock; None for a very old one."""
    updated_at: datetime | None
    """When its current version was stored, by that clock."""

    @property
    def id(self) -> UUID:
        """The id of the review."""
        return self.review.id


class AbstractReviewRepository(Repository[Review]):
    """The reviews, also withdrawn ones. ``get`` raises ReviewNotFound.

    ``add`` raises BookNotFound, ReviewerNotFound or AlreadyReviewed. A withdrawn book and an erased
    reviewer are not found.
    """

    async def add_idempotent(self, aggregate: Review) -> Review:
        """Add the review, or write it again if the reviewer has withdrawn it.

        Returns the equal one that is stored under its id already. Raises as ``add`` does, and
        WriteConflict if the withdrawn review was changed by another transaction.
        """
        try:
            return await super().add_idempotent(aggregate)
        except AlreadyReviewed:
            known = await self.find_of(aggregate.book_id, aggregate.reviewer_id)
            if known is None or not known.withdrawn:
                raise
            known.revise(aggregate.rating, aggregate.comment)
            await self.update(known)
            return known

    @abstractmethod
    async def find_of(self, book_id: UUID, reviewer_id: UUID) -> Review | None:
        """Return the reviewer's review of the book, or None."""

    @abstractmethod
    async def of_books(self, reviewer_id: UUID, book_ids: Sequence[UUID]) -> Mapping[UUID, Review]:
        """Return the reviewer's reviews of these books by book id, without withdrawn ones."""

    @abstractmethod
    async def update(self, review: Review) -> None:
        """Store the next version of a review.

        Raises WriteConflict unless the stored version is the previous one, BookNotFound if the book
        is withdrawn, and ReviewerNotFound if the reviewer is erased.
        """

    async def withdraw_all(
        self, by: UUID, *, reviewer_id: UUID | None = None, book_id: UUID | None = None
    ) -> None:
        """Withdraw the reviews of a reviewer, or of a book, in batches. Raises WriteConflict."""
        wanted = {"reviewer_id": reviewer_id, "book_id": book_id}
        while listed := await self.page(**wanted, limit=WITHDRAWN_TOGETHER):
            reviews = [each.review for each in listed]
            for review in reviews:
                review.withdraw(by)
            await self.update_withdrawn(reviews)

    @abstractmethod
    async def update_withdrawn(self, reviews: Sequence[Review]) -> None:
        """Store withdrawn reviews together, and their events. Raises WriteConflict, see update."""

    @abstractmethod
    async def ids_of(self, reviewer_id: UUID) -> Sequence[UUID]:
        """Return the ids of all reviews of a reviewer, also of withdrawn ones."""

    @abstractmethod
    async def page(
        self,
        *,
        book_id: UUID | None = None,
        reviewer_id: UUID | None = None,
        before: UUID | None = None,
        limit: int = 50,
    ) -> Sequence[ListedReview]:
        """Return up to ``limit`` reviews of a book, of a reviewer or of all, the newest first.

        Withdrawn ones are left out. The order is by the time of the first storage, and by id.
        ``before`` is the id of the last review of the previous page; after an unknown id the page
        is empty.
        """
