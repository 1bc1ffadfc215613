"""The ports of the repositories of the aggregates.

An aggregate that is added or loaded is appended to ``seen``, so that its recorded events
reach the bus. Every method may raise TransientFailure while the storage is unavailable, and
UnitOfWorkClosed after the end of the transaction.
"""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Generic, TypeVar
from uuid import UUID

from messagebus import AsyncAbstractRepository

from reading_club.domain.errors import IdentifierTaken
from reading_club.domain.isbn import Isbn
from reading_club.domain.model import Aggregate, Book, Review, Reviewer

TAggregate = TypeVar("TAggregate", bound=Aggregate)


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
        self, *, query: str = "", before: UUID | None = None, limit: int = 50
    ) -> Sequence[Book]:
        """Return up to ``limit`` books, the newest first, ordered by time of storage and id.

        The time is the storage's clock, as clients may choose ids. ``before`` is the id of the
        last book of the previous page; after an unknown id the page is empty. ``query`` must occur
        in title, author or ISBN, regardless of case and accents.
        """

    @abstractmethod
    async def count(self) -> int:
        """Return the number of books."""


class AbstractReviewerRepository(Repository[Reviewer]):
    """The members. ``add`` raises NicknameTaken, regardless of case; ``get`` ReviewerNotFound."""


class AbstractReviewRepository(Repository[Review]):
    """The reviews. ``get`` raises ReviewNotFound.

    ``add`` raises BookNotFound, ReviewerNotFound or AlreadyReviewed.
    """

    @abstractmethod
    async def update(self, review: Review) -> None:
        """Store the next version of a review.

        Raises WriteConflict unless the stored version is the previous one.
        """
