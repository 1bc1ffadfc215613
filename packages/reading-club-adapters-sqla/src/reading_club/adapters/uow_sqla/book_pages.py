"""Pages of the shelf on SQL, read by indexes: by that of the order, or by that of a rare word.

A search asks first how many words in the index begin with each wanted one, up to COMMON. Books
with a rarer one are read by the index of words, and sorted: there are few. If all wanted words are
common, books are read in their order and each is probed for the words: enough are found soon.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Integer,
    Row,
    ScalarSelect,
    Select,
    any_,
    func,
    literal,
    select,
    tuple_,
    union_all,
)

from reading_club.adapters.uow_sqla import orm
from reading_club.adapters.uow_sqla.eventstream.generations import live, live_parts
from reading_club.adapters.uow_sqla.session import Session
from reading_club.adapters.uow_sqla.statements import is_storable
from reading_club.domain.search import LAST, query_words
from reading_club.service.book_pages import BookCursor, BookOrder

COMMON: Final = 1_000
"""Entries of the index of words from which on a wanted word is common. With 100,000 books a page
of 25 is then expected among the first 2,500 books of an order."""

COLUMNS: Final[dict[BookOrder, tuple[str, ...]]] = {
    "newest": ("registered_at", "id"),
    "title": ("title_key", "id"),
    "author": ("author_key", "title_key", "id"),
    "best": ("rank", "id"),
}
DESCENDING: Final = frozenset({"newest", "best"})


@dataclass(frozen=True)
class Place:
    """An order, the place in it after which a page begins, and the number of its rows."""

    order: BookOrder
    cursor: BookCursor | None
    limit: int

    def of(self, books: Select[Any], columns: Sequence[ColumnElement[Any]]) -> Select[Any]:
        """Return the rows after the place, in the order of these columns."""
        falling = self.order in DESCENDING
        if self.cursor is not None:
            last = tuple_(*self._values(self.cursor, columns))
            books = books.where(tuple_(*columns) < last if falling else tuple_(*columns) > last)
        ordered = books.order_by(*[each.desc() if falling else each.asc() for each in columns])
        return ordered.limit(self.limit)

    @staticmethod
    def _values(cursor: BookCursor, columns: Sequence[ColumnElement[Any]]) -> Sequence[Any]:
        if cursor.order == "newest":
            last = orm.books.alias("last")
            at = select(last.c.registered_at).where(last.c.id == cursor.id).scalar_subquery()
            return at, literal(cursor.id, last.c.id.type)
        keys = zip((*cursor.key, cursor.id), columns, strict=True)
        return [literal(value, column.type) for value, column in keys]


async def select_page(
    session: Session, query: str, order: BookOrder, cursor: BookCursor | None, limit: int
) -> tuple[Sequence[Row[Any]], BookCursor | None]:
    """Return the rows of a page, and the cursor of the next one, by one statement; a search by two.

    No book has a word that cannot be stored.
    """
    place, words = Place(order, cursor, limit + 1), query_words(query)
    if not all(map(is_storable, words)):
        return [], None
    counts = await _counts(session, words) if words else {}
    words = sorted(words, key=lambda word: counts[word])
    if words and counts[words[0]] < COMMON:
        statement = _by_word(session, place, words)
    else:
        statement = _by_order(session, place, words)
    rows = (await session.read(statement)).all()
    if len(rows) <= limit:
        return rows, None
    return rows[:limit], _cursor(order, rows[limit - 1])


def _cursor(order: BookOrder, row: Row[Any]) -> BookCursor:
    if order == "newest":
        return BookCursor(order, row.id)
    *key, id_ = (getattr(row, name) for name in COLUMNS[order])
    return BookCursor(order, id_, tuple(key))


async def _counts(session: Session, words: Sequence[str]) -> dict[str, int]:
    """Return how many words in the index begin with each word, at most COMMON."""
    counts = []
    for number, word in enumerate(words):
        some = select(literal(1)).where(_begins_with(word)).limit(COMMON)
        counted = select(func.count()).select_from(some.subquery(f"word_{number}"))
        counts.append(counted.scalar_subquery())
    return dict(zip(words, (await session.read(select(*counts))).one(), strict=True))


def _begins_with(wanted: str) -> ColumnElement[bool]:
    """Return the condition that a word begins with a wanted one, as a range of an index."""
    word = orm.book_words.c.word
    return (word >= wanted) & (word < f"{wanted}{LAST}")


def _probe(book_id: ColumnElement[Any], word: str) -> ColumnElement[bool]:
    """Return the condition that a book has a word, probed for each book that is read.

    No EXISTS: databases may turn one into a join, and read all books that have the word.
    """
    mine = (orm.book_words.c.book_id == book_id) & _begins_with(word)
    one: ScalarSelect[int] = select(literal(1, Integer)).where(mine).limit(1).scalar_subquery()
    return one.is_not(None)


def _by_word(session: Session, place: Place, words: Sequence[str]) -> Select[Any]:
    """Return the SELECT of the books that have the first word, which is rare, then the others.

    The limit of the subquery, above the number of its rows, keeps the order's index out of it.
    """
    rare = select(orm.book_words.c.book_id).where(_begins_with(words[0]))
    columns: list[ColumnElement[Any]] = [*orm.books.c]
    if place.order == "best":
        ranks = live(session, orm.catalogue_ranks)
        rank = select(ranks.c.rank).where(ranks.c.book_id == orm.books.c.id).scalar_subquery()
        columns.append(rank.label("rank"))
    found = (
        select(*columns)
        .where(
            _is_one_of(session, rare),
            ~orm.books.c.withdrawn,
            *[_probe(orm.books.c.id, word) for word in words[1:]],
        )
        .limit(2 * COMMON)
        .subquery("found")
    )
    page = select(found)
    if place.order == "best":
        page = page.where(found.c.rank.is_not(None))
    return place.of(page, [found.c[name] for name in COLUMNS[place.order]])


def _is_one_of(session: Session, ids: Select[Any]) -> ColumnElement[bool]:
    """Return the condition that a book is one of few: PostgreSQL reads an array by the index."""
    if session.dialect == "postgresql":
        return orm.books.c.id == any_(func.array(ids.scalar_subquery()))
    return orm.books.c.id.in_(ids)


def _by_order(session: Session, place: Place, words: Sequence[str]) -> Select[Any]:
    """Return the SELECT of the first books of the order that have all words."""
    has_words = [_probe(orm.books.c.id, word) for word in words]
    if place.order != "best":
        columns = [orm.books.c[name] for name in COLUMNS[place.order]]
        on_shelf = select(orm.books).where(~orm.books.c.withdrawn, *has_words)
        return place.of(on_shelf, columns)
    parts: list[FromClause] = []
    for number, (ranks, is_live) in enumerate(live_parts(session, orm.catalogue_ranks)):
        rated = (
            select(*orm.books.c, ranks.c.rank)
            .join_from(ranks, orm.books, orm.books.c.id == ranks.c.book_id)
            .where(
                is_live, ~orm.books.c.withdrawn, *[_probe(ranks.c.book_id, word) for word in words]
            )
        )
        part = place.of(rated, [ranks.c.rank, ranks.c.book_id]).subquery(f"part_{number}")
        parts.append(part)
    both = union_all(*map(select, parts)).subquery("both")
    return place.of(select(both), [both.c.rank, both.c.id])
