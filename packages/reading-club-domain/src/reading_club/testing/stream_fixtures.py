"""Fixtures of an application on the event stream, and of the stream's contracts, in memory.

A test module or a conftest imports all of them and provides two fixtures: ``database`` on the
fixture ``clock``, and ``uow_on``, which makes the application's units of work on that database
with any transport. ``uow`` and ``uow_factory`` are made of it, and publish to ``transport``.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from reading_club.adapters.memory.database import InMemoryStreamDatabase
from reading_club.adapters.memory.heartbeats import InMemoryHeartbeats
from reading_club.adapters.memory.outbox import InMemoryOutbox
from reading_club.adapters.memory.statistics import InMemoryStatistics
from reading_club.adapters.memory.transport import InMemoryEventstreamTransport
from reading_club.eventstream.unit_of_work import StreamUnitOfWork
from reading_club.eventstream.wire import payload_fields
from reading_club.testing.clock import ManualClock
from reading_club.testing.contracts.eventstream import (
    HORIZON,
    History,
    PassTime,
    UnitOfWorkFactory,
    UnitOfWorkOn,
)
from reading_club.testing.fixtures import transport

__all__ = [
    "clock",
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
def clock() -> ManualClock:
    """The clock of the database."""
    return ManualClock()


@pytest.fixture
def outbox(database: InMemoryStreamDatabase) -> InMemoryOutbox:
    """The outbox in memory."""
    return InMemoryOutbox(database)


@pytest.fixture
def heartbeats(database: InMemoryStreamDatabase) -> InMemoryHeartbeats:
    """The heartbeats in memory."""
    return InMemoryHeartbeats(database)


@pytest.fixture
def statistics(database: InMemoryStreamDatabase) -> InMemoryStatistics:
    """The statistics in memory."""
    return InMemoryStatistics(database, horizon=HORIZON)


@pytest.fixture
def pass_time(clock: ManualClock) -> PassTime:
    """Move the clock of the database."""

    async def advance(seconds: float) -> None:
        clock.advance(seconds)

    return advance


@pytest.fixture
def uow_factory(transport: InMemoryEventstreamTransport, uow_on: UnitOfWorkOn) -> UnitOfWorkFactory:
    """Make units of work that publish to ``transport``."""
    return lambda: uow_on(transport)


@pytest.fixture
def uow(uow_factory: UnitOfWorkFactory) -> StreamUnitOfWork:
    """A unit of work that publishes to ``transport``."""
    return uow_factory()


@pytest.fixture
def history(database: InMemoryStreamDatabase) -> History:
    """Read the messages in memory."""

    async def read() -> Sequence[Mapping[str, Any]]:
        return [
            {
                "id": message.message_id,
                "created_at": message.created_at,
                "metadata": {
                    **message.metadata.model_dump(),
                    **database.contexts[message.message_id].fields,
                },
                "payload": payload_fields(message),
            }
            for message in database.messages.values()
        ]

    return read
