"""The contracts of the SQL adapters, on PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.uow_sqla import migrations
from reading_club.adapters.uow_sqla.engine import create_engine
from reading_club.adapters.uow_sqla.orm import metadata
from reading_club.adapters.uow_sqla.testing import *  # noqa: F403  # its tests are ours
from reading_club_functional.servers import PostgreSQLServer


@pytest.fixture(scope="module")
def filled_url(postgresql: PostgreSQLServer) -> Iterator[str]:
    """A migrated database, in which tests may leave rows."""
    url = postgresql.create_database()
    asyncio.run(run_on(url, migrations.upgrade))
    yield url
    postgresql.drop_database(url)


@pytest.fixture
async def engine(filled_url: str) -> AsyncIterator[AsyncEngine]:
    """An engine on empty tables; asserts that every connection returns to the pool."""
    await run_on(filled_url, empty_tables)
    engine = create_engine(filled_url)
    yield engine
    assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]  # a queue pool counts
    await engine.dispose()


@pytest.fixture
async def empty_engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """An engine on a database without tables."""
    engine = create_engine(database_url)
    yield engine
    await engine.dispose()


async def run_on(url: str, work: Callable[[AsyncEngine], Awaitable[None]]) -> None:
    """Call `work` with a new engine, and dispose of the engine."""
    engine = create_engine(url)
    await work(engine)
    await engine.dispose()


async def empty_tables(engine: AsyncEngine) -> None:
    """Delete all rows, and reset the sequences."""
    names = ", ".join(metadata.tables)
    async with engine.begin() as connection:
        await connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY"))
