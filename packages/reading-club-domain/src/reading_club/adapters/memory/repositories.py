"""In-memory repositories."""

from abc import abstractmethod
from collections.abc import Iterable, MutableMapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Final, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel

from reading_club.adapters.memory.club_database import InMemoryDatabase
from reading_club.adapters.memory.database import InMemoryTransaction
from reading_club.domain.errors import (
    AlreadyReviewed,
    BookAlreadyRegistered,
    BookNotFound,
    IdentifierTaken,
    NicknameTaken,
    NotFound,
    ReviewerNotFound,
    ReviewNotFound,
)
from reading_club.domain.isbn import Isbn
from reading_club.domain.model import Aggregate, Book, Review, Reviewer
from reading_club.domain.text import search_terms
from reading_club.eventstream.errors import WriteConflict
from reading_club.service.repositories import (
    AbstractBookRepository,
    AbstractReviewerRepository,
    AbstractReviewRepository,
    Repository,
)

NEVER: Final = datetime.min.replace(tzinfo=UTC)
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
        self, *, query: str = "", before: UUID | None = None, limit: int = 50
    ) -> Sequence[Book]:
        """Return copies, the newest first."""
        wanted, tables = search_terms(query), self.transaction.tables
        order = sorted(((at, id_) for id_, at in tables.registered.items()), reverse=True)
        if before is not None:
            last = (tables.registered.get(before, NEVER), before)
            order = [key for key in order if key < last]
        books = (tables.books[id_] for _, id_ in order)
        found = (book for book in books if _is_found(book, wanted))
        return [self._loaded(book) for book in islice(found, limit)]

    async def count(self) -> int:
        """Count the books."""
        return len(self.transaction.tables.books)


def _is_found(book: Book, wanted: Iterable[str]) -> bool:
    text = book.search_text
    return any(each in text for each in wanted)


class InMemoryReviewerRepository(InMemoryRepository[Reviewer], AbstractReviewerRepository):
    """The members, in memory."""

    table = "reviewers"
    not_found = ReviewerNotFound

    def _refuse(self, aggregate: Reviewer, tables: InMemoryDatabase) -> None:
        known = {reviewer.nickname_key for reviewer in tables.reviewers.values()}
        if aggregate.nickname_key in known:
            raise NicknameTaken(aggregate.nickname)


class InMemoryReviewRepository(InMemoryRepository[Review], AbstractReviewRepository):
    """The reviews, in memory."""

    table = "reviews"
    not_found = ReviewNotFound

    def _refuse(self, aggregate: Review, tables: InMemoryDatabase) -> None:
        if aggregate.book_id not in tables.books:
            raise BookNotFound(aggregate.book_id)
        if aggregate.reviewer_id not in tables.reviewers:
            raise ReviewerNotFound(aggregate.reviewer_id)
        pair = (aggregate.book_id, aggregate.reviewer_id)
        if pair in {(review.book_id, review.reviewer_id) for review in tables.reviews.values()}:
            raise AlreadyReviewed(*pair)

    async def update(self, review: Review) -> None:
        """Store a copy of the next version."""

        revised = detached_copy(review)

        def replace(tables: InMemoryDatabase) -> None:
            stored = tables.reviews.get(revised.id)
            if stored is None or stored.version != revised.version - 1:
                raise WriteConflict(f"review {revised.id} was changed by another transaction")
            said = revised.model_dump(include={"rating", "comment", "version"})
            tables.reviews[revised.id] = detached_copy(stored.model_copy(update=said))

        self.transaction.write(replace)


def detached_copy(model: TRow) -> TRow:
    """Return a deep copy of the model, without its recorded messages."""
    return type(model).model_validate(model.model_dump())
