"""An application's own tables in memory, and its own unit of work in the fixtures."""

from collections.abc import MutableMapping
from typing import Any

import pytest

from reading_club.adapters.memory import (
    InMemoryEventstreamTransport,
    InMemoryStreamDatabase,
    InMemoryStreamUnitOfWork,
    InMemoryTransaction,
)
from reading_club.eventstream.errors import WriteConflict
from reading_club.eventstream.unit_of_work import per_transaction
from reading_club.testing.clock import ManualClock
from reading_club.testing.contracts.eventstream import UnitOfWorkOn
from reading_club.testing.contracts.eventstream.parcel_domain import ParcelSent
from reading_club.testing.stream_fixtures import *  # noqa: F403  # what is tried here


class PostDatabase(InMemoryStreamDatabase):
    """The tables of an application beside those of its event stream."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(clock.now)
        self.parcels: MutableMapping[str, int] = {}


class Parcels:
    """A repository of the application: the weight of each parcel."""

    def __init__(self, transaction: InMemoryTransaction[PostDatabase]) -> None:
        self.transaction = transaction

    async def add(self, address: str, weight: int) -> None:
        """Add a parcel. Raises WriteConflict if there is one for the address."""

        def write(tables: PostDatabase) -> None:
            if address in tables.parcels:
                raise WriteConflict("a parcel is on its way")
            tables.parcels[address] = weight

        self.transaction.write(write)

    async def weight(self, address: str) -> int | None:
        """Return the weight of the parcel for the address."""
        return self.transaction.tables.parcels.get(address)


class PostUnitOfWork(InMemoryStreamUnitOfWork):
    """The unit of work of the application."""

    parcels = per_transaction(Parcels)


@pytest.fixture
def database(clock: ManualClock) -> PostDatabase:
    """An empty database of the application."""
    return PostDatabase(clock)


@pytest.fixture
def uow_on(database: PostDatabase) -> UnitOfWorkOn:
    """Make units of work of the application."""
    return lambda transport: PostUnitOfWork(transport, database)


async def test_own_rows_are_committed_with_the_events(
    uow: Any, database: PostDatabase, transport: InMemoryEventstreamTransport
) -> None:
    """The fixture ``uow`` is the application's; others see the rows after the commit."""
    async with uow as transaction:
        await transaction.uow.parcels.add("1 Main Street", 7)
        await transaction.uow.messagestore.add(ParcelSent(address="1 Main Street"))
        assert await transaction.uow.parcels.weight("1 Main Street") == 7
        assert database.parcels == {}
        await transaction.commit()

    assert database.parcels == {"1 Main Street": 7}
    assert [event["type"] for event in transport.events] == ["parcel_sent_v1"]


async def test_own_rows_are_undone_with_the_events(
    uow: Any, database: PostDatabase, transport: InMemoryEventstreamTransport
) -> None:
    """A rollback leaves neither."""
    async with uow as transaction:
        await transaction.uow.parcels.add("1 Main Street", 7)
        await transaction.uow.messagestore.add(ParcelSent(address="1 Main Street"))
        await transaction.rollback()

    assert database.parcels == {}
    assert database.messages == {}
    assert transport.events == []


async def test_own_writes_are_checked_again_at_the_commit(
    uow_factory: Any, database: PostDatabase
) -> None:
    """Of two transactions that write the same row, the second is refused as a whole."""
    async with uow_factory() as first, uow_factory() as second:
        await first.uow.parcels.add("1 Main Street", 7)
        await second.uow.parcels.add("1 Main Street", 8)
        await second.uow.parcels.add("2 Main Street", 8)
        await first.commit()
        with pytest.raises(WriteConflict):
            await second.commit()
        await second.rollback()

    assert database.parcels == {"1 Main Street": 7}
