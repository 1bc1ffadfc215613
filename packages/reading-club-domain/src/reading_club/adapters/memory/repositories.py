"""In-memory repositories."""

from abc import abstractmethod
from collections.abc import MutableMapping
from typing import Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel

from reading_club.adapters.memory.book_pages import select_page
from reading_club.adapters.memory.club_database import InMemoryDatabase
from reading_club.adapters.memory.database import InMemoryTransaction
from reading_club.domain.errors import (
    BookAlreadyRegistered,
    BookNotFound,
    IdentifierTaken,
    NicknameTaken,
    NotFound,
    ReviewerNotFound,
)
from reading_club.domain.isbn import Isbn
from reading_club.domain.model import Aggregate, Book, Reviewer
from reading_club.eventstream.errors import WriteConflict
from reading_club.service.book_pages import NEWEST, Before, BookOrder, BookPage, cursor_of
from reading_club.service.repositories import (
    AbstractBookRepository,
    AbstractReviewerRepository,
    Repository,
)

TRow = TypeVar("TRow", bound=BaseModel)
TAggregate = TypeVar("TAggregate", bound=Aggregate)


class InMemoryRepository(Repository[TAggregate], Generic[TAggregate]):
    """Base of the in-memory repositories; each subclass has a table and its refusals."""

    table: str
    not_found: type[NotFound]

    def __init__(self, transaction: InMemoryTransaction[InMemoryDatabase]) -> None:
        super().__init__()
        self.transaction = transaction

    def _rows(self, tables: InMemoryDatabase) -> MutableMapping[UUID, TAggregate]:
        rows: MutableMapping[UUID, TAggregate] = getattr(tables, self.table)
        return rows

    @abstractmethod
    def _refuse(self, aggregate: TAggregate, tables: InMemoryDatabase) -> None:
        """Raise the refusal if the new aggregate conflicts with these tables."""

    async def add(self, aggregate: TAggregate) -> None:
        """Store a copy."""

        stored = detached_copy(aggregate)

        def insert(tables: InMemoryDatabase) -> None:
            if stored.id in self._rows(tables):
                raise IdentifierTaken(stored.id)
            self._refuse(stored, tables)
            self._rows(tables)[stored.id] = stored

        self.transaction.write(insert)
        self.seen.append(aggregate)

    async def find(self, identifier: UUID) -> TAggregate | None:
        """Return a copy, or None."""
        stored = self._rows(self.transaction.tables).get(identifier)
        return None if stored is None else self._loaded(stored)

    async def get(self, identifier: UUID) -> TAggregate:
        """Return a copy. Raises NotFound."""
        found = await self.find(identifier)
        if found is None:
            raise self.not_found(identifier)
        return found

    def _loaded(self, stored: TAggregate) -> TAggregate:
        aggregate = detached_copy(stored)
        self.seen.append(aggregate)
        return aggregate


class InMemoryBookRepository(InMemoryRepository[Book], AbstractBookRepository):
    """The books, in memory."""

    table = "books"
    not_found = BookNotFound

    def _refuse(self, aggregate: Book, tables: InMemoryDatabase) -> None:
        if any(book.isbn == aggregate.isbn for book in tables.books.values()):
            raise BookAlreadyRegistered(aggregate.isbn)

    async def add(self, aggregate: Book) -> None:
        """Store a copy and the time of storage."""
        now = self.transaction.now
        await super().add(aggregate)
        self.transaction.write(lambda tables: tables.registered.update({aggregate.id: now}))

    async def find_by_isbn(self, isbn: Isbn) -> Book | None:
        """Return a copy, or None."""
        books = self.transaction.tables.books.values()
        return next((self._loaded(book) for book in books if book.isbn == isbn), None)

    async def page(
        self, *, query: str = "", order: BookOrder = NEWEST, before: Before = None, limit: int = 50
    ) -> BookPage:
        """Return copies."""
        cursor = cursor_of(order, before)
        books, following = select_page(self.transaction, query, order, cursor, limit)
        return BookPage([self._loaded(book) for book in books], following)

    async def count(self) -> int:
        """Count the books."""
        return len(self.transaction.tables.books)


class InMemoryReviewerRepository(InMemoryRepository[Reviewer], AbstractReviewerRepository):
    """The members, in memory."""

    table = "reviewers"
    not_found = ReviewerNotFound

    def _refuse(self, aggregate: Reviewer, tables: InMemoryDatabase) -> None:
        known = {reviewer.nickname_key for reviewer in tables.reviewers.values()}
        if aggregate.nickname_key in known:
            raise NicknameTaken(aggregate.nickname)

    async def require(self, identifier: UUID) -> None:
        """Check now, and once more at the commit."""
        self.transaction.write(lambda tables: require_reviewer(tables, identifier))

    async def update_erased(self, reviewer: Reviewer) -> None:
        """Store a copy."""
        erased = detached_copy(reviewer)

        def update(tables: InMemoryDatabase) -> None:
            if tables.reviewers[erased.id].erased:
                raise WriteConflict(f"reviewer {erased.id} was erased by another transaction")
            tables.reviewers[erased.id] = erased

        self.transaction.write(update)


def require_reviewer(tables: InMemoryDatabase, identifier: UUID) -> None:
    """Raise ReviewerNotFound unless the reviewer is stored and not erased."""
    reviewer = tables.reviewers.get(identifier)
    if reviewer is None or reviewer.erased:
        raise ReviewerNotFound(identifier)


def detached_copy(model: TRow) -> TRow:
    """Return a deep copy of the model, without its recorded messages."""
    return type(model).model_validate(model.model_dump())
