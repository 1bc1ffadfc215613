"""Ports to what is stored.

An aggregate that is added or loaded is appended to ``seen``, so that the events it
records reach the bus. Every method may raise TransientFailure when the storage is away,
and UnitOfWorkClosed after the transaction has ended.
"""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from messagebus import AsyncAbstractRepository

from reading_club.domain.errors import IdentifierTaken
from reading_club.domain.isbn import Isbn
from reading_club.domain.model import Aggregate, Book, Review, Reviewer
from reading_club.service.activity import ActivityEntry

TAggregate = TypeVar("TAggregate", bound=Aggregate)


class Repository(AsyncAbstractRepository[TAggregate], Generic[TAggregate]):
    """What the repositories of all aggregates promise."""

    @abstractmethod
    async def add(self, aggregate: TAggregate) -> None:
        """Store a new aggregate. A refused one leaves no trace, also of its events.

        Raises IdentifierTaken, and the refusals that the concrete port names.
        """

    @abstractmethod
    async def find(self, identifier: UUID) -> TAggregate | None:
        """Return the aggregate with this id, or None."""

    @abstractmethod
    async def get(self, identifier: UUID) -> TAggregate:
        """Return the aggregate with this id. Raises NotFound."""

    async def add_once(self, aggregate: TAggregate) -> TAggregate:
        """Add the aggregate, or return the equal one that is stored under its id already.

        Raises IdentifierTaken if the id belongs to something that is not equal.
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
    """The shelf. ``add`` raises BookAlreadyRegistered for a known ISBN; ``get`` BookNotFound."""

    @abstractmethod
    async def find_by_isbn(self, isbn: Isbn) -> Book | None:
        """Return the book with this ISBN, or None."""

    @abstractmethod
    async def page(
        self, *, query: str = "", before: UUID | None = None, limit: int = 50
    ) -> Sequence[Book]:
        """Return up to ``limit`` books, the newest first, those of one moment by their ids.

        What is new is decided by the storage's clock, not by an id that a client has chosen.
        ``before`` is the id of the last book of the page before; after an unknown one there are
        none. ``query`` must occur in title, author or ISBN, whatever its case and accents.
        """


class AbstractReviewerRepository(Repository[Reviewer]):
    """The members. ``add`` raises NicknameTaken, whatever the case; ``get`` ReviewerNotFound."""


class AbstractReviewRepository(Repository[Review]):
    """The reviews. ``get`` raises ReviewNotFound.

    ``add`` raises BookNotFound, ReviewerNotFound or AlreadyReviewed.
    """

    @abstractmethod
    async def update(self, review: Review) -> None:
        """Store the next version of a review.

        Raises WriteConflict if the version before it is not the one that is stored.
        """


class ActivityLog(Protocol):
    """What has happened in the club, as the subscriber ``activity`` wrote it."""

    async def record(self, entry: ActivityEntry) -> None:
        """Add an entry; one with a known id changes nothing."""

    async def page(self, *, before: UUID | None = None, limit: int = 50) -> Sequence[ActivityEntry]:
        """Return up to ``limit`` entries with ids below ``before``, the highest id first."""
        ...
