"""Fixtures of an application on the event stream, and of the stream's contracts, on SQL.

A test module or a conftest imports all of them and provides three fixtures: ``engine`` on a
database with the tables and no rows, ``tables``, the result of ``stream_tables``, and ``uow_on``,
which makes the application's units of work on the engine with any transport. ``uow`` and
``uow_factory`` are made of it, and publish to ``transport``.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.memory.transport import InMemoryEventstreamTransport
from reading_club.adapters.uow_sqla.eventstream.heartbeats import SQLHeartbeats
from reading_club.adapters.uow_sqla.eventstream.outbox import SQLOutbox
from reading_club.adapters.uow_sqla.eventstream.statistics import SQLStatistics
from reading_club.adapters.uow_sqla.eventstream.tables import StreamTables
from reading_club.adapters.uow_sqla.testing.clock import pass_time
from reading_club.eventstream.unit_of_work import StreamUnitOfWork
from reading_club.testing.contracts import eventstream
from reading_club.testing.fixtures import transport

__all__ = [
    "heartbeats",
    "history",
    "outbox",
    "pass_time",
    "statistics",
    "transport",
    "uow",
    "uow_factory",
]


@pytest.fixture
def uow_factory(
    transport: InMemoryEventstreamTransport, uow_on: eventstream.UnitOfWorkOn
) -> eventstream.UnitOfWorkFactory:
    """Make units of work that publish to ``transport``."""
    return lambda: uow_on(transport)


@pytest.fixture
def uow(uow_factory: eventstream.UnitOfWorkFactory) -> StreamUnitOfWork:
    """A unit of work that publishes to ``transport``."""
    return uow_factory()


@pytest.fixture
def history(engine: AsyncEngine, tables: StreamTables) -> eventstream.History:
    """Read the table ``messages``."""

    async def read() -> Sequence[Mapping[str, Any]]:
        columns = [tables.messages.c[name] for name in ("id", "created_at", "metadata", "payload")]
        async with engine.connect() as connection:
            rows = await connection.execute(select(*columns).order_by(tables.messages.c.position))
            return [{**row, "payload": json.loads(row["payload"])} for row in rows.mappings()]

    return read


@pytest.fixture
def outbox(engine: AsyncEngine, tables: StreamTables) -> SQLOutbox:
    """The outbox of the engine's database."""
    return SQLOutbox(engine, tables)


@pytest.fixture
def heartbeats(engine: AsyncEngine, tables: StreamTables) -> SQLHeartbeats:
    """The heartbeats in the engine's database."""
    return SQLHeartbeats(engine, tables)


@pytest.fixture
def statistics(engine: AsyncEngine, tables: StreamTables) -> SQLStatistics:
    """The statistics of the engine's database."""
    return SQLStatistics(engine, tables, horizon=eventstream.HORIZON)
