"""Orders on SQLite in a file, and a transport that keeps what is published: no server."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from orders import (
    OrderPlaced,
    OrdersUnitOfWork,
    PlaceOrder,
    bus,
    metadata,
    orders,
    parcels,
    shipping,
)
from reading_club.adapters.memory.transport import InMemoryEventstreamTransport
from reading_club.adapters.uow_sqla.engine import create_engine
from reading_club.eventstream.wire import EventRegistry


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    """An engine on a file with the tables."""
    engine = create_engine(f"sqlite:///{tmp_path / 'orders.sqlite3'}")
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    yield engine
    await engine.dispose()


@pytest.fixture
def transport() -> InMemoryEventstreamTransport:
    """A transport that keeps the events."""
    return InMemoryEventstreamTransport()


async def test_an_order_is_stored_and_told(
    engine: AsyncEngine, transport: InMemoryEventstreamTransport
) -> None:
    """Its event is published after the commit."""
    async with OrdersUnitOfWork(transport, engine) as transaction:
        await bus.handle(order := PlaceOrder(article="a lamp"), transaction)
        await transaction.commit()

    async with engine.connect() as connection:
        assert list(await connection.scalars(select(orders.c.id))) == [order.id]
    (message,) = transport.events
    assert message["type"] == "order_placed_v1"


async def test_an_order_that_is_not_committed_is_not_told(
    engine: AsyncEngine, transport: InMemoryEventstreamTransport
) -> None:
    """A transaction that is rolled back publishes nothing."""
    async with OrdersUnitOfWork(transport, engine) as transaction:
        await bus.handle(PlaceOrder(article="a lamp"), transaction)
        await transaction.rollback()

    assert transport.events == []


async def test_an_order_becomes_a_parcel(
    engine: AsyncEngine, transport: InMemoryEventstreamTransport
) -> None:
    """The subscriber packs what the event on the wire tells."""
    async with OrdersUnitOfWork(transport, engine) as transaction:
        await bus.handle(PlaceOrder(article="a lamp"), transaction)
        await transaction.commit()
    event = EventRegistry([OrderPlaced]).decode(transport.events[0])

    async with OrdersUnitOfWork(transport, engine) as transaction:
        await shipping.handle(event, transaction.uow)
        await transaction.commit()

    async with engine.connect() as connection:
        assert list(await connection.scalars(select(parcels.c.article))) == ["a lamp"]
