"""The SQL adapters on engines that begin transactions by an event listener or by the driver."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from reading_club.adapters.uow_sqla import migrations
from reading_club.adapters.uow_sqla.testing import (
    TestTransactionCosts,
    TestUnitOfWork,
    uow,
    uow_factory,
)
from reading_club.adapters.uow_sqla.uow import SQLUnitOfWork
from reading_club.domain.errors import BookNotFound
from reading_club.testing.builders import a_book, a_review, a_reviewer

__all__ = ["TestTransactionCosts", "TestUnitOfWork", "uow", "uow_factory"]

WAYS = ["by an event"]
if sys.version_info >= (3, 12):
    WAYS.append("always")


def begin(connection: Connection) -> None:
    """Begin as a reader, also before a write."""
    connection.exec_driver_sql("BEGIN")


def begun(path: Path, way: str) -> AsyncEngine:
    """Return an engine that begins transactions in this way."""
    arguments = {"autocommit": False} if way == "always" else {}
    engine = create_async_engine(f"sqlite+aiosqlite:///{path}", connect_args=arguments)
    if way == "by an event":
        event.listen(engine.sync_engine, "begin", begin)
    return engine


@pytest.fixture(params=WAYS)
async def engine(path: Path, request: pytest.FixtureRequest) -> AsyncIterator[AsyncEngine]:
    """An engine of each kind on a file with the tables."""
    engine = begun(path, request.param)
    yield engine
    await engine.dispose()


async def test_foreign_keys_are_checked(uow: SQLUnitOfWork) -> None:
    """The pragma is set before BEGIN, since SQLite ignores it inside a transaction."""
    async with uow as transaction:
        with pytest.raises(BookNotFound):
            await transaction.uow.reviews.add(a_review(book=a_book(), reviewer=a_reviewer()))
        await transaction.rollback()


@pytest.mark.parametrize("way", WAYS)
async def test_migrations_wait_for_each_other(tmp_path: Path, way: str) -> None:
    """A migration begins as a writer, also on an engine that begins as a reader."""
    engine = begun(tmp_path / "empty.sqlite3", way)

    await asyncio.gather(migrations.upgrade(engine), migrations.upgrade(engine))

    assert (await migrations.state(engine)).kind == "current"
    await engine.dispose()
