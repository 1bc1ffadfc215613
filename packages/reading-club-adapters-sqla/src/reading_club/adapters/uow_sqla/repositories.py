"""The repositories of books, reviewers and reviews on SQL."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import (
    Column,
    ColumnElement,
    Row,
    Select,
    Table,
    exists,
    func,
    select,
    tuple_,
    update,
)

from reading_club.adapters.uow_sqla import orm
from reading_club.adapters.uow_sqla.book_pages import select_page
from reading_club.adapters.uow_sqla.session import Session
from reading_club.adapters.uow_sqla.statements import insert_new, insert_new_many
from reading_club.domain.errors import (
    BookAlreadyRegistered,
    BookNotFound,
    IdentifierTaken,
    NicknameTaken,
    NotFound,
    Refusal,
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

TAggregate = TypeVar("TAggregate", bound=Aggregate)


def is_older(order: tuple[Column[Any], Column[Any]], id: UUID) -> ColumnElement[bool]:
    """Return the condition that a row was stored before the one with this id.

    ``order`` are the columns of the time and the id. No row comes before an unknown one.
    """
    time, identifier = order
    last = identifier.table.alias("last")
    at = select(last.c[time.name]).where(last.c.id == id).scalar_subquery()
    return tuple_(*order) < tuple_(at, id)


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
        return {**row, "isbn": aggregate.isbn.canonical}

    async def add(self, aggregate: Book) -> None:
        """Insert a row, and those of its words. Raises as its base does."""
        await super().add(aggregate)
        words = [{"book_id": aggregate.id, "word": word} for word in sorted(aggregate.words)]
        await insert_new_many(self.session, orm.book_words, words)

    async def _refusal(self, aggregate: Book) -> Refusal | None:
        known = await self._scalar(exists().where(orm.books.c.isbn == aggregate.isbn.canonical))
        return BookAlreadyRegistered(aggregate.isbn) if known else None

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

    async def count(self) -> int:
        """Count the rows."""
        return await self._scalar(func.count(orm.books.c.id))


class SQLReviewerRepository(SQLRepository[Reviewer], AbstractReviewerRepository):
    """The reviewers, in the table ``reviewers``."""

    table = orm.reviewers
    model = Reviewer
    not_found = ReviewerNotFound

    def _row(self, aggregate: Reviewer) -> Mapping[str, Any]:
        return {**aggregate.model_dump(), "nickname_key": aggregate.nickname_key}

    async def _refusal(self, aggregate: Reviewer) -> Refusal | None:
        same = orm.reviewers.c.nickname_key == aggregate.nickname_key
        known = await self._scalar(exists().where(same))
        return NicknameTaken(aggregate.nickname) if known else None

    async def require(self, identifier: UUID) -> None:
        """Lock the row against changes. Raises ReviewerNotFound."""
        if (await self.session.write(locked_reviewer(identifier))).one_or_none() is None:
            raise ReviewerNotFound(identifier)

    async def update_erased(self, reviewer: Reviewer) -> None:
        """Update the row, which waits for those who have locked it."""
        same = (orm.reviewers.c.id == reviewer.id) & ~orm.reviewers.c.erased
        statement = update(orm.reviewers).where(same).values(self._row(reviewer))
        if (await self.session.write(statement)).rowcount != 1:
            raise WriteConflict(f"reviewer {reviewer.id} was erased by another transaction")


def locked_reviewer(identifier: UUID) -> Select[tuple[UUID]]:
    """Return the SELECT of a reviewer that is not erased, and cannot be until the end."""
    same = (orm.reviewers.c.id == identifier) & ~orm.reviewers.c.erased
    return select(orm.reviewers.c.id).where(same).with_for_update(read=True)
