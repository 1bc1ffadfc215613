"""The event stream in a schema of PostgreSQL keeps its contracts, beside a club in another one."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest
from sqlalchemy import MetaData, text
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.uow_sqla import migrations
from reading_club.adapters.uow_sqla.engine import create_engine
from reading_club.adapters.uow_sqla.eventstream import (
    SQLStreamUnitOfWork,
    StreamTables,
    stream_tables,
)
from reading_club.adapters.uow_sqla.testing.stream_fixtures import *  # noqa: F403  # for the suite
from reading_club.testing.contracts.eventstream import UnitOfWorkOn
from reading_club.testing.contracts.eventstream.all_contracts import *  # noqa: F403  # its tests run here
from reading_club.testing.contracts.eventstream.parcel_domain import make_event
from reading_club_functional.servers import PostgreSQLServer

__all__ = ["make_event"]

pytestmark = pytest.mark.nightly

TABLES = stream_tables(MetaData(), schema="post")


class PostUnitOfWork(SQLStreamUnitOfWork):
    """The unit of work of a domain whose tables are in the schema ``post``."""

    tables = TABLES


@pytest.fixture
def tables() -> StreamTables:
    """The tables of the schema."""
    return TABLES


@pytest.fixture(scope="module")
def schema_url(postgresql: PostgreSQLServer) -> Iterator[str]:
    """A database with the tables in their schema."""
    url = postgresql.create_database()
    asyncio.run(run_on(url, create_tables))
    yield url
    postgresql.drop_database(url)


async def run_on(url: str, work: Callable[[AsyncEngine], Awaitable[None]]) -> None:
    """Call `work` with a new engine, and dispose of the engine."""
    engine = create_engine(url)
    await work(engine)
    await engine.dispose()


async def create_tables(engine: AsyncEngine) -> None:
    """Create the schema with its tables."""
    async with engine.begin() as connection:
        await connection.execute(text("CREATE SCHEMA post"))
        await connection.run_sync(TABLES.metadata.create_all)


async def empty_tables(engine: AsyncEngine) -> None:
    """Delete all rows, and reset the sequences."""
    names = ", ".join(TABLES.metadata.tables)
    async with engine.begin() as connection:
        await connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY"))


@pytest.fixture
async def engine(schema_url: str) -> AsyncIterator[AsyncEngine]:
    """An engine on empty tables; asserts that every connection returns to the pool."""
    engine = create_engine(schema_url)
    await empty_tables(engine)
    yield engine
    assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]  # a queue pool counts
    await engine.dispose()


@pytest.fixture
def uow_on(engine: AsyncEngine) -> UnitOfWorkOn:
    """Make units of work of the event stream alone."""
    return lambda transport: PostUnitOfWork(transport, engine)


async def test_a_club_in_a_schema_of_its_own_has_its_own_version_table(database_url: str) -> None:
    """The migrations of the club and of another application do not see each other."""
    engine = create_engine(database_url)
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE alembic_version (version_num text)"))
        await connection.execute(text("INSERT INTO alembic_version VALUES ('theirs')"))
        await connection.execute(text("CREATE SCHEMA club"))
    settings = {"server_settings": {"search_path": "club"}}
    club = create_engine(database_url, connect_args=settings)

    await migrations.upgrade(club)

    assert (await migrations.state(club)).kind == "current"
    assert await migrations.current(engine) == "theirs"
    await club.dispose()
    await engine.dispose()
