"""Tests of transactions on a busy SQLite file, or on a single connection."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from reading_club.adapters.memory.transport import InMemoryEventstreamTransport
from reading_club.adapters.uow_sqla import orm
from reading_club.adapters.uow_sqla.engine import create_engine
from reading_club.adapters.uow_sqla.orm import metadata
from reading_club.adapters.uow_sqla.uow import SQLUnitOfWork
from reading_club.eventstream.errors import StorageUnavailable, UnitOfWorkClosed
from reading_club.testing.builders import a_book


@pytest.fixture
async def hasty(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    """A plain engine with a timeout of 0.01 s, on a file without WAL: a reader blocks commits."""
    engine = create_async_engine(
        f"sqlite+aiosqlite:///{tmp_path / 'plain.sqlite3'}", connect_args={"timeout": 0.01}
    )
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    yield engine
    await engine.dispose()


async def titles(engine: AsyncEngine) -> list[str]:
    """Return the titles of the table ``books``."""
    async with engine.connect() as connection:
        return list(await connection.scalars(select(orm.books.c.title)))


async def test_a_transaction_that_could_not_begin_commits_nothing_by_itself(
    hasty: AsyncEngine, transport: InMemoryEventstreamTransport
) -> None:
    """A statement after a failed begin is in a transaction, which the exception rolls back."""
    with pytest.raises(KeyError):
        async with SQLUnitOfWork(transport, hasty) as transaction:
            async with SQLUnitOfWork(transport, hasty) as other:
                await other.uow.books.add(a_book())
                with pytest.raises(StorageUnavailable):
                    await transaction.uow.books.add(a_book())
                await other.rollback()
            await transaction.uow.books.add(a_book(title="Ghost"))
            raise KeyError

    assert await titles(hasty) == []


async def test_a_commit_that_was_busy_leaves_no_transaction_behind(
    hasty: AsyncEngine, transport: InMemoryEventstreamTransport
) -> None:
    """After a busy commit other programs can write, and the next transaction is a new one."""
    async with SQLUnitOfWork(transport, hasty) as reader:
        await reader.uow.books.page()
        async with SQLUnitOfWork(transport, hasty) as writer:
            await writer.uow.books.add(a_book(title="Ghost"))
            with pytest.raises(StorageUnavailable):
                await writer.commit()
            with pytest.raises(UnitOfWorkClosed):
                await writer.commit()
            await writer.rollback()
        await reader.rollback()
    with closing(sqlite3.connect(str(hasty.url.database), timeout=0)) as program:
        program.execute("BEGIN IMMEDIATE")
    async with SQLUnitOfWork(transport, hasty) as transaction:
        await transaction.uow.books.add(a_book(title="Kept"))
        await transaction.commit()

    assert await titles(hasty) == ["Kept"]


async def test_transactions_in_memory_wait_for_each_other(
    transport: InMemoryEventstreamTransport,
) -> None:
    """Both use one connection: if they overlapped, one's rollback would undo the other."""
    engine = create_engine("sqlite://")
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)

    async def register(title: str, *, keep: bool) -> None:
        async with SQLUnitOfWork(transport, engine) as transaction:
            await transaction.uow.books.add(a_book(title=title))
            await (transaction.commit() if keep else transaction.rollback())

    await asyncio.gather(register("Lost", keep=False), register("Kept", keep=True))

    assert await titles(engine) == ["Kept"]
    await engine.dispose()


async def test_a_transaction_that_the_pool_has_undone_cannot_commit(
    transport: InMemoryEventstreamTransport,
) -> None:
    """On a shared connection a second transaction undoes the first, whose commit raises."""
    engine = create_async_engine("sqlite+aiosqlite://")
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)

    async with SQLUnitOfWork(transport, engine) as first:
        await first.uow.books.add(a_book(title="First"))
        with pytest.raises(StorageUnavailable, match="only connection"):
            async with SQLUnitOfWork(transport, engine) as second:
                await second.uow.books.page()
        for attempt in (first.uow.books.add(a_book(title="Half")), first.commit()):
            with pytest.raises(StorageUnavailable, match="undone"):
                await attempt
        await first.rollback()

    assert await titles(engine) == []
    await engine.dispose()
