"""Tests of the lists of books on SQL, and of their query plans."""

from typing import Any

import pytest
from sqlalchemy import event, insert
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.uow_sqla import orm
from reading_club.adapters.uow_sqla.uow import SQLUnitOfWork
from reading_club.domain.model import Book
from reading_club.testing.builders import a_book
from reading_club.testing.contracts import club

EXPLAIN = {"postgresql": "EXPLAIN", "sqlite": "EXPLAIN QUERY PLAN"}

SLOW = ("Sort", "Seq Scan", "Filter", "TEMP B-TREE")
"""Words of slow query plans, absent from the plan of a page."""
WITHDRAWN = "Filter: (NOT withdrawn)"
"""Books off the shelf are left out as they are read: there are few."""


async def fill(engine: AsyncEngine) -> Book:
    """Insert 2,000 books, and return one of them."""
    books = [a_book() for _ in range(2_000)]
    rows = [{**book.model_dump(), "isbn": book.isbn_digits} for book in books]
    async with engine.begin() as connection:
        await connection.execute(insert(orm.books), rows)
        await connection.exec_driver_sql("ANALYZE books")
    return books[1_000]


class TestBookPages(club.BookPagesContract):
    """The lists of books on SQL."""

    @pytest.mark.parametrize("first", [True, False], ids=["first page", "a later page"])
    async def test_a_page_is_read_by_the_index(
        self, engine: AsyncEngine, uow: SQLUnitOfWork, *, first: bool
    ) -> None:
        """The query plan uses the index, without a sort or a scan of the table."""
        before = (await fill(engine)).id
        ran: list[tuple[str, Any]] = []
        event.listen(
            engine.sync_engine,
            "before_cursor_execute",
            lambda _, __, statement, parameters, *___: ran.append((statement, parameters)),
        )
        async with uow as transaction:
            page = await transaction.uow.books.page(before=None if first else before, limit=10)
            await transaction.rollback()
        (statement, parameters) = next(each for each in ran if "FROM books" in each[0])

        async with engine.connect() as connection:
            explain = f"{EXPLAIN[engine.dialect.name]} {statement}"
            plan = await connection.exec_driver_sql(explain, parameters)
            text = "\n".join(str(line) for line in plan).replace(WITHDRAWN, "")

        assert len(page) == 10
        assert "ix_books_registered_at_id" in text
        assert first or "(registered_at" in text
        assert not [way for way in SLOW if way in text]
