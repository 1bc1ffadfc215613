"""Tests of the query plans of search and orders on SQLite, and of their statements."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, insert
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.memory.transport import InMemoryEventstreamTransport
from reading_club.adapters.uow_sqla import book_pages, orm
from reading_club.adapters.uow_sqla.uow import SQLUnitOfWork
from reading_club.service.book_pages import ORDERS, BookOrder

BOOKS = 1_000
INDEXES = {
    "newest": "ix_books_registered_at_id",
    "title": "ix_books_title_key_id",
    "author": "ix_books_author_key_title_key_id",
    "best": "ix_catalogue_ranks_rank_book_id",
}


async def fill(engine: AsyncEngine) -> None:
    """Insert books that all have one word, and each one of its own."""
    ids = [UUID(int=number + 1) for number in range(BOOKS)]
    books = [
        {"id": id_, "title": "T", "author": "A", "isbn": f"{n:013}", "title_key": f"t {n}"}
        for n, id_ in enumerate(ids)
    ]
    words = [
        {"book_id": id_, "word": word} for n, id_ in enumerate(ids) for word in ("the", f"w{n}")
    ]
    ranks = [{"book_id": id_, "reviews": 0, "total": 0} for id_ in ids]
    async with engine.begin() as connection:
        await connection.execute(insert(orm.books), books)
        await connection.execute(insert(orm.book_words), words)
        await connection.execute(insert(orm.catalogue_ranks), ranks)
        await connection.exec_driver_sql("ANALYZE")


async def plans(engine: AsyncEngine, query: str, order: BookOrder) -> tuple[int, list[str]]:
    """Return the number of books of a page, and the query plan of each of its statements."""
    ran: list[tuple[str, Any]] = []

    def on_statement(_: object, __: object, statement: str, parameters: Any, *___: object) -> None:
        if statement.startswith(("SELECT", "WITH")):
            ran.append((statement, parameters))

    event.listen(engine.sync_engine, "before_cursor_execute", on_statement)
    async with SQLUnitOfWork(InMemoryEventstreamTransport(), engine) as transaction:
        page = await transaction.uow.books.page(query=query, order=order, limit=10)
        await transaction.rollback()
    event.remove(engine.sync_engine, "before_cursor_execute", on_statement)
    found = []
    async with engine.connect() as connection:
        for statement, parameters in ran:
            plan = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            found.append("\n".join(row[-1] for row in plan))
    return len(page), found


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("query", ["", "the"], ids=["all", "a common word"])
async def test_many_books_are_read_in_their_order(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch, order: BookOrder, query: str
) -> None:
    """The order's index is read, and each book is probed: a list takes one, a search two."""
    monkeypatch.setattr(book_pages, "COMMON", 100)
    await fill(engine)

    number, found = await plans(engine, query, order)

    assert (number, len(found)) == (10, 2 if query else 1)
    assert INDEXES[order] in found[-1]
    assert [line for line in found[-1].splitlines() if "SCAN books" in line] == (
        [] if order == "best" else [f"SCAN books USING INDEX {INDEXES[order]}"]
    )
    assert order == "best" or "TEMP B-TREE" not in found[-1]


@pytest.mark.parametrize("order", ORDERS)
async def test_a_rare_word_is_read_by_the_index_of_words(
    engine: AsyncEngine, order: BookOrder
) -> None:
    """No table is scanned: the books of the word are read by their ids."""
    await fill(engine)

    number, found = await plans(engine, "the w777", order)

    assert (number, len(found)) == (1, 2)
    assert "ix_book_words_word_book_id" in found[1]
    assert "SCAN books" not in found[1]
