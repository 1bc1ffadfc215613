"""``python orders.py``: orders become parcels, on the event stream under a domain of its own."""

import asyncio
import logging
import os
from functools import partial
from uuid import UUID

import click
from lastuuid import uuid7
from messagebus import AsyncMessageBus, Command, Event, Metadata
from pydantic import Field
from sqlalchemy import Column, MetaData, String, Table, Uuid, insert

from reading_club.adapters import eventstream as broker
from reading_club.adapters.uow_sqla import eventstream as database
from reading_club.adapters.uow_sqla.engine import create_engine
from reading_club.eventstream.dead_letters.cli import dead_letters_group
from reading_club.eventstream.subscriber import Subscriber

DATABASE_URL = os.environ.get("ORDERS_DATABASE_URL", "sqlite:///orders.sqlite3")
BROKER_URL = os.environ.get("ORDERS_BROKER_URL", "amqp://guest@127.0.0.1")


class PlaceOrder(Command):
    """Place an order of one article."""

    id: UUID = Field(default_factory=uuid7)
    article: str = Field(min_length=1, max_length=100)
    metadata: Metadata = Metadata(name="place_order", schema_version=1)


class OrderPlaced(Event):
    """An order was placed."""

    id: UUID
    article: str
    metadata: Metadata = Metadata(name="order_placed", schema_version=1, published=True)


metadata = MetaData()
tables = database.stream_tables(metadata)
orders, parcels = (
    Table(name, metadata, Column("id", Uuid, primary_key=True), Column("article", String(100)))
    for name in ("orders", "parcels")
)


class OrdersUnitOfWork(database.SQLStreamUnitOfWork):
    """One transaction on these tables; its events are stored with it."""

    tables = tables


stream = broker.Stream(exchange="orders")
bus = AsyncMessageBus[OrdersUnitOfWork]()
shipping = Subscriber[OrderPlaced, OrdersUnitOfWork]("shipping")
make_uow = partial(OrdersUnitOfWork.open, DATABASE_URL)
main = click.Group(help="Place orders and pack parcels.")


async def place(command: PlaceOrder, uow: OrdersUnitOfWork) -> None:
    """Store the order, and record that it was placed."""
    await uow.connection.execute(insert(orders).values(id=command.id, article=command.article))
    await uow.messagestore.add(OrderPlaced(id=command.id, article=command.article))


@shipping.on(OrderPlaced)
async def pack(event: OrderPlaced, uow: OrdersUnitOfWork) -> None:
    """Pack a parcel. The inbox sees to it that each event takes effect once."""
    await uow.connection.execute(insert(parcels).values(id=event.id, article=event.article))


bus.add_listener(PlaceOrder, place)
main.add_command(dead_letters_group(make_uow))


@main.command()
def migrate() -> None:
    """Create the tables."""

    async def create() -> None:
        async with make_uow() as factory, factory().engine.begin() as connection:
            await connection.run_sync(metadata.create_all)

    asyncio.run(create())


@main.command("place")
@click.argument("article")
def place_order(article: str) -> None:
    """Place an order."""

    async def store() -> None:
        async with make_uow() as factory, factory() as transaction:
            await bus.handle(PlaceOrder(article=article), transaction)
            await transaction.commit()

    asyncio.run(store())


@main.command()
def relay() -> None:
    """Send events until SIGINT or SIGTERM."""
    app = broker.publisher_app(BROKER_URL, [shipping], stream=stream)
    engine, publisher = create_engine(DATABASE_URL), broker.BatchPublisher(app)
    queues = broker.SubscriberQueues(app)
    asyncio.run(database.run_relay(engine, publisher, [shipping], tables=tables, queues=queues))


@main.command()
def worker() -> None:
    """Pack parcels until SIGINT or SIGTERM."""
    broker.run_subscriber(shipping, make_uow, BROKER_URL, events=[OrderPlaced], stream=stream)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    main()
