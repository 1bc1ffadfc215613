"""The event stream in memory keeps its contracts under a domain that is not the club's."""

import pytest
from messagebus import Event, Metadata

from reading_club.adapters.memory.database import InMemoryStreamDatabase
from reading_club.adapters.memory.stream_unit_of_work import InMemoryStreamUnitOfWork
from reading_club.testing.clock import ManualClock
from reading_club.testing.contracts.eventstream import MakeEvent, UnitOfWorkOn
from reading_club.testing.contracts.eventstream.suite import *  # noqa: F403  # its tests run here
from reading_club.testing.memory_fixtures import *  # noqa: F403  # for the suite

PARCEL_SENT = Metadata(name="parcel_sent", schema_version=1, published=True)


class ParcelEvent(Event):
    """Base of the events of a domain without books."""


class ParcelSent(ParcelEvent):
    """A parcel was sent."""

    address: str
    metadata: Metadata = PARCEL_SENT


@pytest.fixture
def make_event() -> MakeEvent:
    """Make events of the other domain."""
    return lambda text="1 Main Street": ParcelSent(address=text)


@pytest.fixture
def database(clock: ManualClock) -> InMemoryStreamDatabase:
    """An empty database without a table of the club."""
    return InMemoryStreamDatabase(clock.now)


@pytest.fixture
def uow_on(database: InMemoryStreamDatabase) -> UnitOfWorkOn:
    """Make units of work of the event stream alone."""
    return lambda transport: InMemoryStreamUnitOfWork(transport, database)
