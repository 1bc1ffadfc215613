"""The SQL adapters on engines that somebody made without this package.

They begin transactions in ways of their own: with the driver's way the outermost SAVEPOINT would
commit when it is released, and none of them checks foreign keys.
"""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from reading_club.adapters.uow_sqla.testing import (
    TestBooks,
    TestEndings,
    TestMigrations,
    TestPublication,
    TestReviews,
    TestTransaction,
    TestUnitOfWork,
    titles,
    uow,
    uow_factory,
)

__all__ = [
    "TestBooks",
    "TestEndings",
    "TestMigrations",
    "TestPublication",
    "TestReviews",
    "TestTransaction",
    "TestUnitOfWork",
    "titles",
    "uow",
    "uow_factory",
]

WAYS = ["by the driver", "by an event"]
if sys.version_info >= (3, 12):
    WAYS.append("always")


def plain(path: Path, way: str) -> AsyncEngine:
    """Return an engine that begins transactions in this way."""
    arguments = {"autocommit": False} if way == "always" else {}
    engine = create_async_engine(f"sqlite+aiosqlite:///{path}", connect_args=arguments)
    if way == "by an event":
        event.listen(engine.sync_engine, "begin", begin)
    return engine


def begin(connection: Connection) -> None:
    """Begin as a reader, whatever comes."""
    connection.exec_driver_sql("BEGIN")


@pytest.fixture(params=WAYS)
async def engine(path: Path, request: pytest.FixtureRequest) -> AsyncIterator[AsyncEngine]:
    """A plain engine on a file with the tables."""
    engine = plain(path, request.param)
    yield engine
    await engine.dispose()


@pytest.fixture(params=WAYS)
async def empty_engine(
    tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[AsyncEngine]:
    """A plain engine on a file without tables."""
    engine = plain(tmp_path / "empty.sqlite3", request.param)
    yield engine
    await engine.dispose()
