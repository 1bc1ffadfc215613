"""The fixtures of a test that needs no infrastructure."""

import pytest

from reading_club.service.bus import ClubBus, build_bus
from reading_club.testing.memory import MemoryDatabase
from reading_club.testing.transport import InMemoryEventstreamTransport
from reading_club.testing.uow import InMemoryUnitOfWork


@pytest.fixture(scope="session")
def bus() -> ClubBus:
    """The club's bus. It has no state but its handlers, so that one serves all tests."""
    return build_bus()


@pytest.fixture
def transport() -> InMemoryEventstreamTransport:
    """An event stream that is a list."""
    return InMemoryEventstreamTransport()


@pytest.fixture
def database() -> MemoryDatabase:
    """An empty database."""
    return MemoryDatabase()


@pytest.fixture
def uow(transport: InMemoryEventstreamTransport, database: MemoryDatabase) -> InMemoryUnitOfWork:
    """A unit of work on the empty database and the list."""
    return InMemoryUnitOfWork(transport, database)
