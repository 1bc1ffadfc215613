"""The ports of the repositories of the aggregates.

An aggregate that is added or loaded is appended to ``seen``, so that its recorded events
reach the bus. Every method may raise TransientFailure while the storage is unavailable, and
UnitOfWorkClosed after the end of the transaction.
"""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Generic, TypeVar
from uuid import UUID

from messagebus import AsyncAbstractRepository

from reading_club.domain.errors import AlreadyReviewed, IdentifierTaken
from reading_club.domain.isbn import Isbn
from reading_club.domain.model import Aggregate, Book, Review, Reviewer
from reading_club.service.book_pages import NEWEST, Before, BookOrder, BookPage

TAggregate = TypeVar("TAggregate", bound=Aggregate)

WITHDRAWN_TOGETHER: Final = 500
"""Reviews that one statement withdraws."""


class Repository(AsyncAbstractRepository[TAggregate], Generic[TAggregate]):
    """The methods that all repositories share."""

    @abstractmethod
    async def add(self, aggregate: TAggregate) -> None:
        """Store a new aggregate. After a refusal neither the aggregate nor its events are kept.

        Raises IdentifierTaken, and the refusals that the concrete port names.
        """

    @abstractmethod
    async def find(self, identifier: UUID) -> TAggregate | None:
        """Return the aggregate with this id, or None."""

    @abstractmethod
    async def get(self, identifier: UUID) -> TAggregate:
        """Return the aggregate with this id. Raises NotFound."""

    async def add_idempotent(self, aggregate: TAggregate) -> TAggregate:
        """Add the aggregate, or return the equal one that is stored under its id already.

        Raises IdentifierTaken if the stored one is not equal.
        """
        try:
            await self.add(aggregate)
        except IdentifierTaken:
            stored = await self.find(aggregate.id)
            if stored is None or stored != aggregate:
                raise
            return stored
        return aggregate


class AbstractBookRepository(Repository[Book]):
    """The books. ``add`` raises BookAlreadyRegistered for a known ISBN; ``get`` BookNotFound."""

    @abstractmethod
    async def find_by_isbn(self, isbn: Isbn) -> Book | None:
        """Return the book with this ISBN, or None."""

    @abstractmethod
    async def page(
        self, *, query: str = "", order: BookOrder = NEWEST, before: Before = None, limit: int = 50
    ) -> BookPage:
        """Return up to ``limit`` books in an order, and the cursor of the next page.

        A book is found if each word of ``query_words`` is the beginning of one of ``Book.words``.
        ``best`` has the books of the catalogue. After an unknown id the page is empty. Raises
        ValueError for the cursor of another order.
        """

    @abstractmethod
    async def count(self) -> int:
        """Return the number of books."""


class AbstractReviewerRepository(Repository[Reviewer]):
    """The members. ``add`` raises NicknameTaken, regardless of case; ``get`` ReviewerNotFound."""

    @abstractmethod
    async def require(self, identifier: UUID) -> None:
        """Raise ReviewerNotFound unless the reviewer is stored and not erased.

        An erasure of the reviewer waits for the end of this transaction, or is refused.
        """

    @abstractmethod
    async def update_erased(self, reviewer: Reviewer) -> None:
        """Store an erased reviewer, before its reviews are read.

        From then on no other transaction stores a review of the reviewer. Raises WriteConflict if
        the stored reviewer is erased already.
        """


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

    ``add`` raises BookNotFound, ReviewerNotFound or AlreadyReviewed. An erased reviewer is not
    found.
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

    async def get_for_update(self, identifier: UUID) -> Review:
        """Return the review with this id, for a transaction that changes it.

        Where the storage has locks, other transactions wait before they change it. Raises
        ReviewNotFound.
        """
        return await self.get(identifier)

    @abstractmethod
    async def find_of(self, book_id: UUID, reviewer_id: UUID) -> Review | None:
        """Return the reviewer's review of the book, or None."""

    @abstractmethod
    async def of_books(self, reviewer_id: UUID, book_ids: Sequence[UUID]) -> Mapping[UUID, Review]:
        """Return the reviewer's reviews of these books by book id, without withdrawn ones."""

    @abstractmethod
    async def update(self, review: Review) -> None:
        """Store the next version of a review.

        Raises WriteConflict unless the stored version is the previous one, and ReviewerNotFound if
        the reviewer is erased.
        """

    async def withdraw_all(self, reviewer_id: UUID) -> None:
        """Withdraw the reviews of a reviewer, in batches. Raises WriteConflict."""
        while listed := await self.page(reviewer_id=reviewer_id, limit=WITHDRAWN_TOGETHER):
            reviews = [each.review for each in listed]
            for review in reviews:
                review.withdraw(reviewer_id)
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
