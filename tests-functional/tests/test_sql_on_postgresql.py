"""The SQL adapters keep the same promises on PostgreSQL, by the same code."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.uow_sqla import create_engine, migrations
from reading_club.adapters.uow_sqla.testing import *  # noqa: F403  # its tests are ours
from reading_club_functional.servers import PostgreSQLServer


@pytest.fixture(scope="module")
def template(postgresql: PostgreSQLServer) -> Iterator[str]:
    """The name of a database with the newest schema, made once."""
    url = postgresql.create_database()

    async def make() -> None:
        engine = create_engine(url)
        await migrations.upgrade(engine)
        await engine.dispose()

    asyncio.run(make())
    yield url.rpartition("/")[2]
    postgresql.drop_database(url)


@pytest.fixture
async def engine(postgresql: PostgreSQLServer, template: str) -> AsyncIterator[AsyncEngine]:
    """An engine on a copy of the template; every connection has to come back to it."""
    url = postgresql.create_database(template=template)
    engine = create_engine(url)
    yield engine
    assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]  # a queue pool counts
    await engine.dispose()
    postgresql.drop_database(url)


@pytest.fixture
async def empty_engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """An engine on a database without tables."""
    engine = create_engine(database_url)
    yield engine
    await engine.dispose()
