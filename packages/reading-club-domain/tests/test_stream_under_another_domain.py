"""The event stream in memory keeps its contracts under a domain that is not the club's."""

import pytest

from reading_club.adapters.memory.database import InMemoryStreamDatabase
from reading_club.adapters.memory.stream_unit_of_work import InMemoryStreamUnitOfWork
from reading_club.testing.clock import ManualClock
from reading_club.testing.contracts.eventstream import UnitOfWorkOn
from reading_club.testing.contracts.eventstream.all_contracts import *  # noqa: F403  # its tests run here
from reading_club.testing.contracts.eventstream.parcel_domain import make_event
from reading_club.testing.stream_fixtures import *  # noqa: F403  # for the suite

__all__ = ["make_event"]


@pytest.fixture
def database(clock: ManualClock) -> InMemoryStreamDatabase:
    """An empty database without a table of the club."""
    return InMemoryStreamDatabase(clock.now)


@pytest.fixture
def uow_on(database: InMemoryStreamDatabase) -> UnitOfWorkOn:
    """Make units of work of the event stream alone."""
    return lambda transport: InMemoryStreamUnitOfWork(transport, database)
