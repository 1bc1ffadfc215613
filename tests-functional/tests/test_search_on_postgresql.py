"""Search and orders of 100,000 books on PostgreSQL: how many statements, and what they read."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest
from sqlalchemy import event, func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.memory.transport import InMemoryEventstreamTransport
from reading_club.adapters.uow_sqla import orm
from reading_club.adapters.uow_sqla.engine import create_engine
from reading_club.adapters.uow_sqla.uow import SQLUnitOfWork
from reading_club.service.book_pages import ORDERS, Before, BookOrder, BookPage
from reading_club.service.uow import AbstractUnitOfWork
from reading_club_functional.large_shelf import fill_shelf
from reading_club_functional.servers import PostgreSQLServer

pytestmark = pytest.mark.nightly

T = TypeVar("T")

BOOKS = 100_000
LIMIT = 25
MOST_READ = 5_000
"""Rows of tables and entries of indexes that the statements of one page may read."""
INDEXES: dict[BookOrder, str] = {
    "newest": "ix_books_registered_at_id",
    "title": "ix_books_title_key_id",
    "author": "ix_books_author_key_title_key_id",
    "best": "ix_catalogue_ranks_rank_book_id",
}
OF_WORDS = "ix_book_words_word_book_id"
REBUILT = """
INSERT INTO catalogue_ranks_rebuilt (generation, book_id, reviews, total)
SELECT 1, book_id, reviews, total FROM catalogue_ranks;
INSERT INTO projections (name, live, newest) VALUES ('catalogue', 0, 1);
ANALYZE catalogue_ranks_rebuilt"""
"""Statements after which the ranks are there twice, as after a rebuild."""


@pytest.fixture(scope="module")
def filled_url(postgresql: PostgreSQLServer) -> Iterator[str]:
    """A database with the books."""
    url = postgresql.create_database()
    fill_shelf(url, BOOKS)
    postgresql.psql(REBUILT, url.rpartition("/")[2])
    yield url
    postgresql.drop_database(url)


@pytest.fixture
async def engine(filled_url: str) -> AsyncIterator[AsyncEngine]:
    """An engine on the books, of whose ranks the first generation is read."""
    engine = create_engine(filled_url)
    await read_generation(engine, 0)
    yield engine
    await engine.dispose()


async def read_generation(engine: AsyncEngine, number: int) -> None:
    """Let pages read the ranks of this generation."""
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE projections SET live = :live"), {"live": number})


@dataclass
class Reads:
    """What the statements of a page read: tables without an index, indexes, and rows of both."""

    whole_tables: set[str]
    indexes: set[str]
    rows: float = 0

    def add(self, plan: dict[str, Any]) -> None:
        """Add a node of an executed query plan, with the nodes below it."""
        if loops := plan["Actual Loops"]:
            if plan["Node Type"] == "Seq Scan":
                self.whole_tables.add(plan["Relation Name"])
            if "Index Name" in plan:
                self.indexes.add(plan["Index Name"])
            if "Scan" in plan["Node Type"]:
                dropped = plan.get("Rows Removed by Filter", 0)
                self.rows += (plan["Actual Rows"] + dropped) * loops
        for each in plan.get("Plans", ()):
            self.add(each)


async def ask(
    engine: AsyncEngine, question: Callable[[AbstractUnitOfWork], Awaitable[T]]
) -> tuple[T, int, Reads]:
    """Return an answer, the number of its statements, and what they read when run again."""
    ran: list[tuple[str, Any]] = []

    def on_statement(_: object, __: object, statement: str, parameters: Any, *___: object) -> None:
        ran.append((statement, parameters))

    event.listen(engine.sync_engine, "before_cursor_execute", on_statement)
    async with SQLUnitOfWork(InMemoryEventstreamTransport(), engine, read_only=True) as transaction:
        answer = await question(transaction.uow)
        await transaction.rollback()
    event.remove(engine.sync_engine, "before_cursor_execute", on_statement)
    reads = Reads(set(), set())
    async with engine.connect() as connection:
        for statement, parameters in ran:
            explain = f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}"
            explained = await connection.exec_driver_sql(explain, parameters)
            reads.add(explained.scalar_one()[0]["Plan"])
    return answer, len(ran), reads


async def page_of(
    engine: AsyncEngine, query: str, order: BookOrder, before: Before = None
) -> tuple[BookPage, int, Reads]:
    """Ask for a page of books."""
    return await ask(
        engine,
        lambda uow: uow.books.page(query=query, order=order, before=before, limit=LIMIT),
    )


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("query", ["", "the", "of the"], ids=["all", "common", "two common"])
async def test_many_books_are_read_in_their_order(
    engine: AsyncEngine, query: str, order: BookOrder
) -> None:
    """The index of the order leads to the first page and the next; a search is two statements."""
    first, statements, reads = await page_of(engine, query, order)
    then, as_many, more = await page_of(engine, query, order, first.following)

    assert (len(first), len(then)) == (LIMIT, LIMIT)
    assert {book.id for book in first}.isdisjoint(book.id for book in then)
    assert statements == as_many == (2 if query else 1)
    for each in (reads, more):
        assert INDEXES[order] in each.indexes
        assert each.whole_tables <= {"projections"}
        assert each.rows <= MOST_READ


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(
    ("query", "number"),
    [("777", LIMIT), ("the river of 777", 22), ("97800000777", LIMIT), ("nobody", 0)],
)
async def test_a_rare_word_leads_to_its_books(
    engine: AsyncEngine, query: str, number: int, order: BookOrder
) -> None:
    """The index of words leads to them, whatever their order; all are read, and few others."""
    page, statements, reads = await page_of(engine, query, order)

    assert (len(page), statements) == (number, 2)
    assert OF_WORDS in reads.indexes
    assert reads.whole_tables <= {"projections"}
    assert reads.rows <= MOST_READ


async def test_what_is_around_the_books_is_read_by_indexes(engine: AsyncEngine) -> None:
    """The newest activity, and the ratings of the books of a page."""
    books, *_ = await page_of(engine, "", "title")
    ids = [book.id for book in books]

    newest, one, of_activity = await ask(engine, lambda uow: uow.activity.page(limit=12))
    rated, another, of_ratings = await ask(engine, lambda uow: uow.catalogue.entries(ids))

    assert (len(newest), one, len(rated), another) == (12, 1, LIMIT, 1)
    for reads in (of_activity, of_ratings):
        assert not reads.whole_tables & {"activity", "catalogue", "catalogue_counts"}
        assert reads.rows <= MOST_READ


async def test_rebuilt_ranks_are_read_in_their_order(engine: AsyncEngine) -> None:
    """After a rebuild the best books are the same, by the index of the rebuilt ranks."""
    before, *_ = await page_of(engine, "", "best")
    await read_generation(engine, 1)

    after, statements, reads = await page_of(engine, "", "best")

    assert [book.id for book in after] == [book.id for book in before]
    assert statements == 1
    assert "ix_catalogue_ranks_rebuilt_rank" in reads.indexes
    assert reads.rows <= MOST_READ


async def test_indexed_books_have_the_words_of_new_ones(engine: AsyncEngine) -> None:
    """The books were indexed by the step of the migration: each has its words, keys and rank."""
    async with SQLUnitOfWork(InMemoryEventstreamTransport(), engine, read_only=True) as transaction:
        (book,) = await transaction.uow.books.page(query="9780000012345")
        await transaction.rollback()
    async with engine.connect() as connection:
        found = select(orm.book_words.c.word).where(orm.book_words.c.book_id == book.id)
        assert set(await connection.scalars(found)) == book.words
        keys = select(orm.books.c.title_key, orm.books.c.author_key).where(
            orm.books.c.id == book.id
        )
        assert tuple((await connection.execute(keys)).one()) == (book.title_key, book.author_key)
        ranked = select(func.count()).select_from(orm.catalogue_ranks)
        assert await connection.scalar(ranked) == BOOKS
