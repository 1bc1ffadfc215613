"""An application on the stream that knows no club: it places orders, and its worker ships them.

Run as a program: it stops itself when three orders are shipped, and prints what it has done.
"""

import asyncio
import json
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, MutableMapping
from contextlib import asynccontextmanager
from functools import partial
from uuid import UUID, uuid4

from messagebus import Event, Metadata

from reading_club.adapters.eventstream import (
    EventstreamTransport,
    Stream,
    WorkerOptions,
    publisher_app,
    run_subscriber,
)
from reading_club.adapters.memory.database import InMemoryStreamDatabase, InMemoryTransaction
from reading_club.adapters.memory.stream_unit_of_work import InMemoryStreamUnitOfWork
from reading_club.eventstream.errors import StorageUnavailable
from reading_club.eventstream.outbox.backoff import Backoff
from reading_club.eventstream.subscriber import Subscriber
from reading_club.eventstream.unit_of_work import per_transaction

log = logging.getLogger(__name__)

BROKER = "memory://"
STREAM = Stream("orders", task="shop.handle_order")
ITEMS = ("tea", "cups", "spoons")


class OrderEvent(Event):
    """Base of the application's events."""


class OrderPlaced(OrderEvent):
    """An order was placed."""

    order_id: UUID
    item: str
    metadata: Metadata = Metadata(name="order_placed", schema_version=1, published=True)


class OrdersDatabase(InMemoryStreamDatabase):
    """The stream's tables, and one of the application's own."""

    def __init__(self) -> None:
        super().__init__()
        self.shipments: MutableMapping[UUID, str] = {}


class Shipments:
    """The application's repository."""

    def __init__(self, transaction: InMemoryTransaction[OrdersDatabase]) -> None:
        self.transaction = transaction

    async def ship(self, order_id: UUID, item: str) -> int:
        """Ship an order; return how many are shipped."""
        self.transaction.write(lambda tables: tables.shipments.setdefault(order_id, item))
        return len(self.transaction.tables.shipments)


class OrdersUnitOfWork(InMemoryStreamUnitOfWork):
    """The application's unit of work."""

    shipments = per_transaction(Shipments)


shipping = Subscriber[OrderEvent, OrdersUnitOfWork]("shipping")


@shipping.on(OrderPlaced)
async def ship(event: OrderPlaced, uow: OrdersUnitOfWork) -> None:
    """Ship the order; after the last one, ask the worker to stop: it finishes this one first."""
    if await uow.shipments.ship(event.order_id, event.item) == len(ITEMS):
        os.kill(os.getpid(), signal.SIGTERM)


async def place(item: str, make_uow: Callable[[], OrdersUnitOfWork]) -> None:
    """Place an order."""
    async with make_uow() as transaction:
        await transaction.uow.messagestore.add(OrderPlaced(order_id=uuid4(), item=item))
        await transaction.commit()


def unavailable_at_first(
    make_uow: Callable[[], OrdersUnitOfWork],
) -> Callable[[], Callable[[], OrdersUnitOfWork]]:
    """Return a factory's opening that raises StorageUnavailable once."""
    failures = [StorageUnavailable("the database is away")]

    def opened() -> Callable[[], OrdersUnitOfWork]:
        if failures:
            raise failures.pop()
        return make_uow

    return opened


async def place_all(make_uow: Callable[[], OrdersUnitOfWork]) -> None:
    """Place all orders."""
    for item in ITEMS:
        await place(item, make_uow)


def main() -> int:
    """Place the orders, run the worker, and print its exit code and the tables."""
    database = OrdersDatabase()
    app = publisher_app(BROKER, [shipping], stream=STREAM)
    transport = EventstreamTransport(app)
    make_uow = partial(OrdersUnitOfWork, transport, database)
    open_factory = unavailable_at_first(make_uow)

    @asynccontextmanager
    async def opened() -> AsyncIterator[Callable[[], OrdersUnitOfWork]]:
        yield open_factory()

    asyncio.run(place_all(make_uow))
    code = run_subscriber(
        shipping,
        opened if "--open" in sys.argv else make_uow,
        BROKER,
        events=[OrderPlaced],
        stream=STREAM,
        concurrency=1,
        options=WorkerOptions(
            backoff=Backoff(first=0.01, cap=0.01),
            on_ready=lambda: log.warning("ready"),
        ),
    )
    transport.close()
    app.close()
    subscriptions = sorted(database.subscriptions)
    sys.stdout.write(json.dumps([code, subscriptions, sorted(database.shipments.values())]))
    return code


if __name__ == "__main__":
    sys.exit(main())
