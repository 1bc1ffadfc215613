"""The base of the repositories on SQL, and that of the books."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    Table,
    delete,
    exists,
    false,
    func,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from reading_club.adapters.uow_sqla import orm
from reading_club.adapters.uow_sqla.book_pages import select_page
from reading_club.adapters.uow_sqla.session import Session
from reading_club.adapters.uow_sqla.statements import insert_new, insert_new_many
from reading_club.domain.errors import (
    BookAlreadyRegistered,
    BookNotFound,
    IdentifierTaken,
    NotFound,
    Refusal,
)
from reading_club.domain.isbn import Isbn
from reading_club.domain.model import Aggregate, Book
from reading_club.eventstream.errors import WriteConflict
from reading_club.service.book_pages import NEWEST, Before, BookOrder, BookPage, cursor_of
from reading_club.service.repositories import AbstractBookRepository, Repository

TAggregate = TypeVar("TAggregate", bound=Aggregate)


class SQLRepository(Repository[TAggregate], Generic[TAggregate]):
    """The base of the three repositories: one table, one row an aggregate."""

    table: Table
    model: type[TAggregate]
    not_found: type[NotFound]

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session

    @abstractmethod
    async def _refusal(self, aggregate: TAggregate) -> Refusal | None:
        """Return the error of the constraint that this aggregate violates, None without one."""

    def _row(self, aggregate: TAggregate) -> Mapping[str, Any]:
        return aggregate.model_dump()

    async def add(self, aggregate: TAggregate) -> None:
        """Insert a row. Raises the domain's error for a violated constraint, or WriteConflict."""
        row, conditions = self._row(aggregate), self._conditions(aggregate)
        if not await insert_new(self.session, self.table, row, *conditions):
            if await self._exists(self.table, aggregate.id):
                raise IdentifierTaken(aggregate.id)
            refusal = await self._refusal(aggregate)
            raise refusal or WriteConflict("what was in the way has gone")
        self.seen.append(aggregate)

    def _conditions(self, aggregate: TAggregate) -> Sequence[ColumnElement[bool]]:  # noqa: ARG002
        """Return the conditions of the INSERT, in addition to unique keys."""
        return []

    async def find(self, identifier: UUID) -> TAggregate | None:
        """Return the aggregate of the row, or None."""
        return await self._find(self.table.c.id == identifier)

    async def _find(self, condition: ColumnElement[bool]) -> TAggregate | None:
        row = (await self.session.read(select(self.table).where(condition))).one_or_none()
        return None if row is None else self._loaded(row)

    async def get(self, identifier: UUID) -> TAggregate:
        """Return the aggregate of the row. Raises NotFound."""
        if (found := await self.find(identifier)) is None:
            raise self.not_found(identifier)
        return found

    async def get_for_update(self, identifier: UUID) -> TAggregate:
        """Return the aggregate of the row, which is locked; SQLite begins as a writer."""
        statement = select(self.table).where(self.table.c.id == identifier).with_for_update()
        if (row := (await self.session.write(statement)).one_or_none()) is None:
            raise self.not_found(identifier)
        return self._loaded(row)

    def _loaded(self, row: Row[Any]) -> TAggregate:
        aggregate = self.model.reconstitute(**row._asdict())
        self.seen.append(aggregate)
        return aggregate

    async def _exists(self, table: Table, identifier: UUID) -> bool:
        return bool(await self._scalar(exists().where(table.c.id == identifier)))

    async def _scalar(self, expression: Any) -> int:
        return int((await self.session.read(select(expression))).scalar_one())


class SQLBookRepository(SQLRepository[Book], AbstractBookRepository):
    """The books, in the table ``books``."""

    table = orm.books
    model = Book
    not_found = BookNotFound

    def _row(self, aggregate: Book) -> Mapping[str, Any]:
        names = ("title_key", "author_key")
        keys = {name: getattr(aggregate, name) for name in names}
        row = {**aggregate.model_dump(), **keys, "search": aggregate.search_text}
        return {**row, "isbn": aggregate.isbn_digits}

    async def add(self, aggregate: Book) -> None:
        """Insert a row, and those of its words. Raises as its base does."""
        await super().add(aggregate)
        await self._add_words(aggregate)

    async def _refusal(self, aggregate: Book) -> Refusal | None:
        if aggregate.isbn is None or not await self._scalar(_is_taken(aggregate)):
            return None
        return BookAlreadyRegistered(aggregate.isbn)

    async def _find(self, condition: ColumnElement[bool]) -> Book | None:
        return await super()._find(condition & ~orm.books.c.withdrawn)

    async def update(self, book: Book) -> None:
        """Update the row of the previous version, and replace its words."""
        columns = orm.books.c
        statement = (
            update(orm.books)
            .where(columns.id == book.id, columns.version == book.version - 1, ~_is_taken(book))
            .values(self._row(book))
        )
        try:
            updated = (await self.session.write(statement)).rowcount
        except IntegrityError as exc:  # only the ISBN's key can be in the way
            raise WriteConflict("another book was given the ISBN meanwhile") from exc
        if updated != 1:
            changed = WriteConflict(f"book {book.id} was changed by another transaction")
            raise await self._refusal(book) or changed
        await self.session.write(delete(orm.book_words).where(orm.book_words.c.book_id == book.id))
        await self._add_words(book)

    async def _add_words(self, book: Book) -> None:
        words = [{"book_id": book.id, "word": word} for word in sorted(book.words)]
        await insert_new_many(self.session, orm.book_words, words)

    async def find_by_isbn(self, isbn: Isbn) -> Book | None:
        """Return the book with this ISBN, or None."""
        return await self._find(orm.books.c.isbn == isbn.canonical)

    async def page(
        self, *, query: str = "", order: BookOrder = NEWEST, before: Before = None, limit: int = 50
    ) -> BookPage:
        """Return a page by indexes, by one statement; a search by two."""
        cursor = cursor_of(order, before)
        rows, following = await select_page(self.session, query, order, cursor, limit)
        return BookPage([self._loaded(row) for row in rows], following)

    async def registered_by(
        self, reviewer_id: UUID, *, after: UUID | None = None, limit: int = 50
    ) -> Sequence[Book]:
        """Return the books of the rows, by the index."""
        columns = orm.books.c
        statement = select(orm.books).where(columns.registered_by == reviewer_id)
        if after is not None:
            statement = statement.where(columns.id > after)
        rows = await self.session.read(statement.order_by(columns.id).limit(limit))
        return [self._loaded(row) for row in rows]

    async def count(self) -> int:
        """Count the rows."""
        return await self._scalar(func.count().filter(~orm.books.c.withdrawn))


def _is_taken(book: Book) -> ColumnElement[bool]:
    """Return the condition that another book has the ISBN of this one."""
    if book.isbn_digits is None:
        return false()
    other = orm.books.alias("other")
    return exists().where(other.c.isbn == book.isbn_digits, other.c.id != book.id)


def locked_book(identifier: UUID) -> Select[tuple[UUID]]:
    """Return the SELECT of a book that is not withdrawn, and cannot be until the end."""
    same = (orm.books.c.id == identifier) & ~orm.books.c.withdrawn
    return select(orm.books.c.id).where(same).with_for_update(read=True)
