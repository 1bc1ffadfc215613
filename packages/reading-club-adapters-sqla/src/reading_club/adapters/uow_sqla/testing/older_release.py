"""Rows as release 0.1.0, of schema 0002, inserts them, and tests of them on a later schema."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import pytest
from messagebus.service.eventstream import MessageSerializer
from sqlalchemy import Insert, column, insert, select, table
from sqlalchemy.event import listen
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.memory.transport import InMemoryEventstreamTransport
from reading_club.adapters.uow_sqla import migrations, orm
from reading_club.adapters.uow_sqla.eventstream.message_store import row_of
from reading_club.adapters.uow_sqla.eventstream.outbox import SQLOutbox
from reading_club.adapters.uow_sqla.migrations import book_index
from reading_club.adapters.uow_sqla.orm import metadata
from reading_club.adapters.uow_sqla.types import DatabaseTime
from reading_club.adapters.uow_sqla.uow import SQLUnitOfWork
from reading_club.domain.model import Book
from reading_club.eventstream.ports.outbox import ALL_SUBSCRIBERS, NO_LEASE, Lease
from reading_club.service.catalogue import rank_of
from reading_club.testing.builders import a_book, an_event

COLUMNS: Final = {
    "books": ("id", "title", "author", "isbn", "search"),
    "messages": ("id", "created_at", "type", "metadata", "payload"),
    "outbox": ("message_id", "subscriber", "token", "leased_until", "attempts", "envelope"),
    "reviewers": ["id", "nickname", "nickname_key"],
    "reviews": ["id", "book_id", "reviewer_id", "rating", "comment", "version"],
}
"""The columns that release 0.1.0 names in its INSERTs."""


async def insert_as_before(engine: AsyncEngine, name: str, *rows: Mapping[str, Any]) -> None:
    """Insert rows into a table by a statement that names columns of schema 0002 only."""
    async with engine.begin() as connection:
        await connection.execute(_insert(name), rows)


async def register_as_before(engine: AsyncEngine, book: Book) -> None:
    """Insert a book and the event of its registration, in one transaction."""
    async with engine.begin() as connection:
        await connection.execute(_insert("books"), book_row(book))
        await connection.execute(_insert("messages"), row_of(book.messages[0]))


def _insert(name: str) -> Insert:
    columns = [column(each, metadata.tables[name].c[each].type) for each in COLUMNS[name]]
    return insert(table(name, *columns))


def book_row(book: Book) -> dict[str, Any]:
    """Return the row of a book."""
    return {**book.model_dump(), "isbn": book.isbn_digits, "search": book.title}


def catalogue_row(book: Book) -> dict[str, Any]:
    """Return the row of a book in the catalogue."""
    return {**book.model_dump(exclude={"id"}), "book_id": book.id, "isbn": book.isbn_digits}


def outbox_row(message_id: UUID) -> dict[str, Any]:
    """Return the outbox row of an event that is due."""
    until = datetime(2026, 1, 1, tzinfo=UTC)
    row = {
        "message_id": message_id,
        "subscriber": ALL_SUBSCRIBERS,
        "token": NO_LEASE,
        "attempts": 0,
    }
    return {**row, "leased_until": until, "envelope": None}


class TestOlderRelease:
    """Release 0.1.0 can insert into the next release's schema."""

    async def test_the_database_says_when_its_rows_were_inserted(
        self, empty_engine: AsyncEngine
    ) -> None:
        """Columns that the INSERT omits get the database's time, even if the process's is wrong."""
        await migrations.upgrade(empty_engine)
        event = an_event()
        event.created_at -= timedelta(days=9)

        await insert_as_before(empty_engine, "books", book_row(a_book()))
        await insert_as_before(empty_engine, "messages", row_of(event))
        await insert_as_before(empty_engine, "outbox", outbox_row(event.message_id))

        ago, now = (DatabaseTime(each) for each in (-60.0, 0.0))
        for each in (orm.books.c.registered_at, orm.messages.c.recorded_at, orm.outbox.c.added_at):
            async with empty_engine.connect() as connection:
                assert list(await connection.scalars(select(each.between(ago, now)))) == [True]

    async def test_its_books_are_found(self, empty_engine: AsyncEngine) -> None:
        """The next migration, and the relay, index books that it registered meanwhile.

        A title without a word has no key: it is indexed each time, and ends no batch.
        """
        await migrations.upgrade(empty_engine)
        await insert_as_before(empty_engine, "books", book_row(a_book(title="!?")))
        for index in (migrations.upgrade, migrations.index_books):
            book = a_book(title=f"Middlemarch by {index.__name__}")
            await insert_as_before(empty_engine, "books", book_row(book))

            await index(empty_engine)

            async with SQLUnitOfWork(InMemoryEventstreamTransport(), empty_engine) as transaction:
                for order in ("newest", "title"):
                    query = f"middlem {index.__name__}"
                    page = await transaction.uow.books.page(query=query, order=order)
                    assert [found.id for found in page] == [book.id]
                await transaction.rollback()

    async def test_its_books_are_indexed_in_batches(
        self, empty_engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Each batch is a transaction; books in the catalogue are ranked by their ratings."""
        monkeypatch.setattr(book_index, "BATCH", 2)
        await migrations.upgrade(empty_engine)
        books = [a_book(title=f"Old {number}") for number in range(5)]
        await insert_as_before(empty_engine, "books", *map(book_row, books))
        rated = [{"book_id": each.id, "rating": n, "reviews": 2} for n, each in enumerate(books)]
        async with empty_engine.begin() as connection:
            await connection.execute(insert(orm.catalogue), [*map(catalogue_row, books)])
            await connection.execute(insert(orm.catalogue_counts), rated)
        commits: list[object] = []
        listen(empty_engine.sync_engine, "commit", commits.append)

        await migrations.index_books(empty_engine)

        assert len(commits) == len([2, 2, 1, 0]) + len([2, 2, 1, 0]) + len([0])
        async with empty_engine.connect() as connection:
            ranks = select(orm.catalogue_ranks.c.book_id, orm.catalogue_ranks.c.rank)
            expected = {each.id: rank_of(2, 2 * n) for n, each in enumerate(books)}
            assert {row.book_id: row.rank for row in await connection.execute(ranks)} == expected
        async with SQLUnitOfWork(InMemoryEventstreamTransport(), empty_engine) as transaction:
            for query in ("", "old"):
                page = await transaction.uow.books.page(query=query, order="best")
                assert [found.id for found in page] == [each.id for each in reversed(books)]
            await transaction.rollback()

    async def test_its_events_are_sent(self, empty_engine: AsyncEngine) -> None:
        """The next release's outbox claims the older release's events."""
        await migrations.upgrade(empty_engine)
        event = an_event()
        await insert_as_before(empty_engine, "messages", row_of(event))
        await insert_as_before(empty_engine, "outbox", outbox_row(event.message_id))

        (waiting,) = await SQLOutbox(empty_engine, orm.stream).claim(10, Lease(30.0))

        assert waiting.envelope == MessageSerializer().serialize_message(event)
