"""Tests of engines: options, errors, and connections during publication."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import NullPool, text
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.memory.transport import InMemoryEventstreamTransport
from reading_club.adapters.uow_sqla.engine import create_engine
from reading_club.adapters.uow_sqla.testing.fixtures import checked_out
from reading_club.adapters.uow_sqla.uow import SQLUnitOfWork
from reading_club.eventstream.errors import StorageBusy, StorageUnavailable, WriteConflict
from reading_club.testing.builders import a_book


@pytest.mark.parametrize(
    ("url", "driver"),
    [
        ("postgresql://club@db/club", "asyncpg"),
        ("postgres://club@db/club", "asyncpg"),
        ("postgresql+asyncpg://club@db/club", "asyncpg"),
        ("sqlite:///club.sqlite3", "aiosqlite"),
    ],
)
async def test_common_addresses_get_their_driver(url: str, driver: str) -> None:
    """A URL without a driver gets the asynchronous driver of its database."""
    engine = create_engine(url)

    assert engine.dialect.driver == driver
    await engine.dispose()


async def test_the_encryption_of_an_address_is_asked_of_the_driver() -> None:
    """The option ``sslmode`` of libpq becomes asyncpg's ``ssl``; other options stay."""
    engine = create_engine("postgres://club@db/club?sslmode=require&application_name=club")

    assert dict(engine.url.query) == {"ssl": "require", "application_name": "club"}
    await engine.dispose()


async def test_an_option_keeps_the_other_bounds(path: Path) -> None:
    """Setting one argument of the connection keeps the default timeout."""
    engine = create_engine(f"sqlite:///{path}", connect_args={"cached_statements": 7})

    async with engine.connect() as connection:
        timeout = (await connection.execute(text("PRAGMA busy_timeout"))).scalar_one()
    assert timeout == 5000
    await engine.dispose()


async def test_a_pool_of_ones_own_is_taken() -> None:
    """A given pool class is used, without the default pool's options."""
    engine = create_engine("postgresql://club@db/club", poolclass=NullPool)

    assert isinstance(engine.pool, NullPool)
    await engine.dispose()


async def test_sqlite_is_durable_and_checks_foreign_keys(engine: AsyncEngine) -> None:
    """WAL lets readers work beside a writer, and a commit is synced to the disk."""
    async with engine.connect() as connection:
        pragmas = [
            (await connection.execute(text(f"PRAGMA {name}"))).scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        ]

    assert pragmas == ["wal", 2, 1, 5000]


async def test_a_database_that_is_away_is_a_transient_failure(
    transport: InMemoryEventstreamTransport, unreachable: str
) -> None:
    """A refused connection is StorageUnavailable, with its cause and without the password."""
    engine = create_engine(unreachable)
    with pytest.raises(StorageUnavailable) as failure:
        async with SQLUnitOfWork(transport, engine) as transaction:
            await transaction.uow.books.page()

    assert isinstance(failure.value.__cause__, OSError)
    assert "hunter2" not in str(failure.value)
    await engine.dispose()


async def test_a_locked_database_is_a_transient_failure(
    path: Path, engine: AsyncEngine, transport: InMemoryEventstreamTransport
) -> None:
    """A writer that has waited for another one until the timeout gets StorageBusy."""
    hasty = create_engine(f"sqlite:///{path}", connect_args={"timeout": 0.01})
    async with SQLUnitOfWork(transport, engine) as slow:
        await slow.uow.books.add(a_book())
        with pytest.raises(StorageBusy, match="locked by another writer"):
            async with SQLUnitOfWork(transport, hasty) as transaction:
                await transaction.uow.books.add(a_book())
        await slow.commit()
    await hasty.dispose()


async def test_a_reader_that_writes_too_late_is_told_to_try_again(
    engine: AsyncEngine, transport: InMemoryEventstreamTransport
) -> None:
    """A write after the read rows have changed raises WriteConflict: SQLite refuses it."""
    async with SQLUnitOfWork(transport, engine) as late:
        assert list(await late.uow.books.page()) == []
        async with SQLUnitOfWork(transport, engine) as early:
            await early.uow.books.add(a_book())
            await early.commit()
        with pytest.raises(WriteConflict):
            await late.uow.books.add(a_book())
        await late.rollback()


async def test_no_connection_is_held_while_events_are_published(engine: AsyncEngine) -> None:
    """A slow broker keeps no connection of the database busy."""
    held: list[int] = []

    class Watching(InMemoryEventstreamTransport):
        async def send_message_serialized(self, message: Mapping[str, Any]) -> None:
            held.append(checked_out(engine))
            await super().send_message_serialized(message)

    async with SQLUnitOfWork(Watching(), engine) as transaction:
        book = a_book()
        await transaction.uow.books.add(book)
        await transaction.uow.messagestore.add(book.messages[0])
        await transaction.commit()

    assert held == [0]
