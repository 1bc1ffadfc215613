"""Tests of backfills: the values that a migration gives to existing rows."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import inspect, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from reading_club.adapters.memory.transport import InMemoryEventstreamTransport
from reading_club.adapters.uow_sqla import migrations, orm
from reading_club.adapters.uow_sqla.migrations import online
from reading_club.adapters.uow_sqla.testing.older_release import (
    book_row,
    insert_as_before,
    outbox_row,
    register_as_before,
)
from reading_club.adapters.uow_sqla.uow import SQLUnitOfWork
from reading_club.domain.model import Book
from reading_club.eventstream.errors import StorageUnavailable
from reading_club.testing.builders import a_book

NOW = datetime.now(UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
AGO, AHEAD = NOW - timedelta(days=9), NOW + timedelta(hours=2)
INDEXES = {"books": "ix_books_registered_at_id", "messages": "ix_messages_recorded_at"}


async def times(engine: AsyncEngine, key: Any, column: Any) -> Mapping[Any, datetime]:
    """Return the values of a column by key."""
    async with engine.connect() as connection:
        return {row[0]: row[1] for row in await connection.execute(select(key, column))}


async def publish_as_before(engine: AsyncEngine, created_at: datetime) -> Book:
    """Insert a book, its event and the outbox row as release 0.1.0 does, created at this time."""
    book = a_book()
    (event,) = book.messages
    event.created_at = created_at
    await register_as_before(engine, book)
    await insert_as_before(engine, "outbox", outbox_row(event.message_id))
    return book


class TestBackfill:
    """Books, messages and outbox rows get the time of their message, in small transactions."""

    async def test_the_time_of_a_message_is_its_own_but_not_in_the_future(
        self, empty_engine: AsyncEngine
    ) -> None:
        """Message, outbox row and book get the message's time, at most the database's time."""
        await migrations.upgrade(empty_engine, "0002")
        past = await publish_as_before(empty_engine, AGO)
        future = await publish_as_before(empty_engine, AHEAD)

        await migrations.upgrade(empty_engine)

        for key, column in (
            (orm.messages.c.id, orm.messages.c.recorded_at),
            (orm.outbox.c.message_id, orm.outbox.c.added_at),
        ):
            known = await times(empty_engine, key, column)
            assert known[past.messages[0].message_id] == AGO
            assert NOW - timedelta(minutes=1) < known[future.messages[0].message_id] < AHEAD
        registered = await times(empty_engine, orm.books.c.id, orm.books.c.registered_at)
        assert registered[past.id] == AGO
        assert NOW - timedelta(minutes=1) < registered[future.id] < AHEAD

    async def test_what_the_history_does_not_know_has_a_time_as_well(
        self, empty_engine: AsyncEngine
    ) -> None:
        """A book without a stored event is the oldest; such an outbox row waits since now."""
        await migrations.upgrade(empty_engine, "0002")
        book, message_id = a_book(), a_book().id
        await insert_as_before(empty_engine, "books", book_row(book))
        await insert_as_before(empty_engine, "outbox", outbox_row(message_id))

        await migrations.upgrade(empty_engine)

        registered = await times(empty_engine, orm.books.c.id, orm.books.c.registered_at)
        added = await times(empty_engine, orm.outbox.c.message_id, orm.outbox.c.added_at)
        assert registered == {book.id: EPOCH}
        assert added[message_id] > NOW - timedelta(minutes=1)

    async def test_it_takes_as_many_batches_as_there_are(
        self, empty_engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """All rows are filled, and books are listed in the order of their registration."""
        monkeypatch.setattr(online, "BATCH", 2)
        await migrations.upgrade(empty_engine, "0002")
        moments = [AGO + timedelta(hours=hours) for hours in (3, 1, 4, 2, 0)]
        books = [await publish_as_before(empty_engine, moment) for moment in moments]

        await migrations.upgrade(empty_engine)

        async with SQLUnitOfWork(InMemoryEventstreamTransport(), empty_engine) as transaction:
            shelf = [book.id for book in await transaction.uow.books.page()]
            await transaction.rollback()
        assert shelf == [books[number].id for number in (2, 0, 3, 1, 4)]
        added = await times(empty_engine, orm.outbox.c.message_id, orm.outbox.c.added_at)
        assert sorted(added.values()) == sorted(moments)

    @pytest.mark.parametrize("step", range(len(online.STEPS["0003"])))
    async def test_one_that_was_interrupted_is_finished_by_the_next(
        self, empty_engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch, step: int
    ) -> None:
        """After an interruption at any step the schema is unusable until the next upgrade."""
        await migrations.upgrade(empty_engine, "0002")
        book = await publish_as_before(empty_engine, AGO)
        steps = online.STEPS["0003"]
        monkeypatch.setitem(online.STEPS, "0003", (*steps[:step], Interruption()))
        with pytest.raises(StorageUnavailable):
            await migrations.upgrade(empty_engine)
        unfinished = await migrations.state(empty_engine)
        assert (unfinished.usable, "migrate" in unfinished.sentence) == (False, True)
        monkeypatch.setitem(online.STEPS, "0003", steps)

        await migrations.upgrade(empty_engine)

        assert (await migrations.state(empty_engine)).usable
        registered = await times(empty_engine, orm.books.c.id, orm.books.c.registered_at)
        assert registered == {book.id: AGO}
        assert await indexes_of(empty_engine) >= set(INDEXES.values())


class Interruption(online.NewIndex):
    """A step that fails, as at a loss of the connection."""

    def __init__(self) -> None:
        super().__init__("", "")

    async def run(self, connection: AsyncConnection) -> None:  # noqa: ARG002  # as its base's
        """Raise StorageUnavailable."""
        raise StorageUnavailable("interrupted")


async def indexes_of(engine: AsyncEngine) -> set[str | None]:
    """Return the names of the indexes of books and messages."""
    async with engine.connect() as connection:
        return await connection.run_sync(
            lambda sync: {i["name"] for table in INDEXES for i in inspect(sync).get_indexes(table)}
        )
