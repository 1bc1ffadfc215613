"""The event stream on SQL keeps its contracts on another domain's events, tables and names."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import MetaData
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.uow_sqla.engine import create_engine
from reading_club.adapters.uow_sqla.eventstream import (
    SQLStreamUnitOfWork,
    StreamTables,
    stream_tables,
)
from reading_club.adapters.uow_sqla.testing.fixtures import checked_out
from reading_club.adapters.uow_sqla.testing.stream_fixtures import *  # noqa: F403  # for the suite
from reading_club.testing.contracts.eventstream import UnitOfWorkOn
from reading_club.testing.contracts.eventstream.all_contracts import *  # noqa: F403  # its tests run here
from reading_club.testing.contracts.eventstream.parcel_domain import make_event

__all__ = ["make_event"]

TABLES = stream_tables(MetaData(), prefix="post_")


class PostUnitOfWork(SQLStreamUnitOfWork):
    """The unit of work of the other domain, without repositories."""

    tables = TABLES


@pytest.fixture
def tables() -> StreamTables:
    """The tables of an event stream with names of their own, without a table of the club."""
    return TABLES


@pytest.fixture
async def engine(tmp_path: Path, tables: StreamTables) -> AsyncIterator[AsyncEngine]:
    """An engine on a file with these tables; asserts that all connections were returned."""
    engine = create_engine(f"sqlite:///{tmp_path / 'parcels.sqlite3'}")
    async with engine.begin() as connection:
        await connection.run_sync(tables.metadata.create_all)
    yield engine
    assert checked_out(engine) == 0
    await engine.dispose()


@pytest.fixture
def uow_on(engine: AsyncEngine) -> UnitOfWorkOn:
    """Make units of work of the event stream alone."""
    return lambda transport: PostUnitOfWork(transport, engine)
