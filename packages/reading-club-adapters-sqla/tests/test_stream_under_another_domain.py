"""The event stream on SQL keeps its contracts on tables and events of another domain."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import MetaData
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.memory.transport import InMemoryEventstreamTransport
from reading_club.adapters.uow_sqla.engine import create_engine
from reading_club.adapters.uow_sqla.eventstream.tables import StreamTables, stream_tables
from reading_club.adapters.uow_sqla.eventstream.unit_of_work import SQLStreamUnitOfWork
from reading_club.adapters.uow_sqla.testing.clock import pass_time
from reading_club.adapters.uow_sqla.testing.fixtures import (
    checked_out,
    heartbeats,
    history,
    outbox,
    statistics,
)
from reading_club.testing.contracts.eventstream import UnitOfWorkFactory, UnitOfWorkOn
from reading_club.testing.contracts.eventstream.all_contracts import *  # noqa: F403  # its tests run here
from reading_club.testing.contracts.eventstream.parcel_domain import make_event

__all__ = ["heartbeats", "history", "make_event", "outbox", "pass_time", "statistics"]

TABLES = stream_tables(MetaData())


@pytest.fixture
def tables() -> StreamTables:
    """The tables of an event stream, without a table of the club."""
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
def uow_on(engine: AsyncEngine, tables: StreamTables) -> UnitOfWorkOn:
    """Make units of work of the event stream alone."""

    class UnitOfWork(SQLStreamUnitOfWork):
        """A unit of work without repositories."""

    UnitOfWork.tables = tables
    return lambda transport: UnitOfWork(transport, engine)


@pytest.fixture
def uow_factory(transport: InMemoryEventstreamTransport, uow_on: UnitOfWorkOn) -> UnitOfWorkFactory:
    """Make units of work that publish to ``transport``."""
    return lambda: uow_on(transport)
