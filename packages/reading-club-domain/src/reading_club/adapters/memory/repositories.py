"""The base of the repositories in memory, and that of the books."""

from abc import abstractmethod
from collections.abc import MutableMapping, Sequence
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
    NotFound,
)
from reading_club.domain.isbn import Isbn
from reading_club.domain.model import Aggregate, Book
from reading_club.eventstream.errors import WriteConflict
from reading_club.service.book_pages import NEWEST, Before, BookOrder, BookPage, cursor_of
from reading_club.service.repositories import AbstractBookRepository, Repository

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
        isbn = aggregate.isbn
        others = (book for book in tables.books.values() if book.id != aggregate.id)
        if isbn is not None and any(book.isbn == isbn for book in others):
            raise BookAlreadyRegistered(isbn)

    async def find(self, identifier: UUID) -> Book | None:
        """Return a copy, or None."""
        stored = self.transaction.tables.books.get(identifier)
        return None if stored is None or stored.withdrawn else self._loaded(stored)

    async def get_for_update(self, identifier: UUID) -> Book:
        """Return a copy, also of a withdrawn book. Raises BookNotFound."""
        if (stored := self.transaction.tables.books.get(identifier)) is None:
            raise BookNotFound(identifier)
        return self._loaded(stored)

    async def add(self, aggregate: Book) -> None:
        """Store a copy and the time of storage."""
        now = self.transaction.now
        await super().add(aggregate)
        self.transaction.write(lambda tables: tables.registered.update({aggregate.id: now}))

    async def update(self, book: Book) -> None:
        """Store a copy of the next version."""
        corrected = detached_copy(book)

        def replace(tables: InMemoryDatabase) -> None:
            if tables.books[corrected.id].version != corrected.version - 1:
                raise WriteConflict(f"book {corrected.id} was changed by another transaction")
            self._refuse(corrected, tables)
            tables.books[corrected.id] = corrected

        self.transaction.write(replace)

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

    async def registered_by(
        self, reviewer_id: UUID, *, after: UUID | None = None, limit: int = 50
    ) -> Sequence[Book]:
        """Return copies."""
        books = self.transaction.tables.books
        ids = sorted(id_ for id_, book in books.items() if book.registered_by == reviewer_id)
        following = [id_ for id_ in ids if after is None or id_ > after]
        return [self._loaded(books[id_]) for id_ in following[:limit]]

    async def count(self) -> int:
        """Count the books."""
        return sum(not book.withdrawn for book in self.transaction.tables.books.values())


def require_book(tables: InMemoryDatabase, identifier: UUID) -> None:
    """Raise BookNotFound unless the book is stored and not withdrawn."""
    book = tables.books.get(identifier)
    if book is None or book.withdrawn:
        raise BookNotFound(identifier)


def detached_copy(model: TRow) -> TRow:
    """Return a deep copy of the model, without its recorded messages."""
    return type(model).model_validate(model.model_dump())
