"""Fixtures on in-memory adapters."""

import pytest

from reading_club.adapters.memory.club_database import InMemoryDatabase
from reading_club.adapters.memory.transport import InMemoryEventstreamTransport
from reading_club.adapters.memory.unit_of_work import InMemoryUnitOfWork
from reading_club.service.bus import ClubBus, build_bus
from reading_club.testing.builders import an_event
from reading_club.testing.contracts.eventstream.helpers import MakeEvent


@pytest.fixture(scope="session")
def bus() -> ClubBus:
    """The club's bus; it has no state but its handlers, so that all tests share one."""
    return build_bus()


@pytest.fixture
def transport() -> InMemoryEventstreamTransport:
    """An event stream that keeps its messages in a list."""
    return InMemoryEventstreamTransport()


@pytest.fixture
def make_event() -> MakeEvent:
    """Make events of the club, for the contracts of the event stream."""
    return an_event


@pytest.fixture
def database() -> InMemoryDatabase:
    """An empty in-memory database."""
    return InMemoryDatabase()


@pytest.fixture
def uow(transport: InMemoryEventstreamTransport, database: InMemoryDatabase) -> InMemoryUnitOfWork:
    """A unit of work on the fixtures ``database`` and ``transport``."""
    return InMemoryUnitOfWork(transport, database)
