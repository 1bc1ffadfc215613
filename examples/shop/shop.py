"""A shop on FastAPI and SQLAlchemy, which sends events and tasks by its own transactions."""

import asyncio
import logging
import os
import sys
from functools import partial
from uuid import UUID

from celery import Celery, Task
from fastapi import FastAPI
from lastuuid import uuid7
from messagebus import Event, Metadata
from pydantic import BaseModel, Field
from sqlalchemy import String, insert
from sqlalchemy.ext.asyncio import async_sessionmaker
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from reading_club.adapters import eventstream as broker
from reading_club.adapters.uow_sqla import eventstream as database
from reading_club.adapters.uow_sqla.engine import create_engine
from reading_club.eventstream.subscriber import Subscriber

DATABASE_URL = os.environ.get("SHOP_DATABASE_URL", "sqlite:///shop.sqlite3")
BROKER_URL = os.environ.get("SHOP_BROKER_URL", "amqp://guest@127.0.0.1")


class Base(DeclarativeBase):
    """The shop's models, and the stream's tables beside them."""


class Order(Base):
    """An order of one article."""

    __tablename__ = "orders"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    article: Mapped[str] = mapped_column(String(100))


class Invoice(Base):
    """The invoice of an order."""

    __tablename__ = "invoices"
    order_id: Mapped[UUID] = mapped_column(primary_key=True)


class OrderPlaced(Event):
    """An order was placed."""

    order_id: UUID
    metadata: Metadata = Metadata(name="order_placed", schema_version=1, published=True)


tables = database.stream_tables(Base.metadata, prefix="stream_")


class ShopUnitOfWork(database.SQLStreamUnitOfWork):
    """One transaction of a worker: its inbox, and the shop's tables."""

    tables = tables


invoices = Subscriber[OrderPlaced, ShopUnitOfWork]("invoices")
stream = broker.Stream(exchange="shop")
outbox = database.TransactionalOutbox(tables, unwanted="refuse", wanted=[invoices])
engine = create_engine(DATABASE_URL)
sessions = async_sessionmaker(engine, expire_on_commit=False)
web = FastAPI(title="Shop")
tasks = Celery("shop", broker=BROKER_URL)
log = logging.getLogger(__name__)


class NewOrder(BaseModel):
    """An order to place."""

    article: str = Field(min_length=1, max_length=100)


@web.post("/orders", status_code=201)
async def place(new: NewOrder) -> UUID:
    """Store the order, its event, and the task that ships it; the broker may be away."""
    async with sessions.begin() as session:
        session.add(order := Order(article=new.article, id=uuid7()))
        await outbox.enqueue(session, OrderPlaced(order_id=order.id))
        await outbox.task(session, "shop.ship", args=[str(order.id)], queue="shipping")
    return order.id


@invoices.on(OrderPlaced)
async def write_invoice(event: OrderPlaced, uow: ShopUnitOfWork) -> None:
    """Write the invoice of an order, once."""
    await uow.connection.execute(insert(Invoice).values(order_id=event.order_id))


@tasks.task(name="shop.ship", bind=True)
def ship(task: Task[[str], None], order_id: str) -> None:
    """Ship an order. A copy of the task has the same id."""
    log.info("order %s is shipped, by the task %s", order_id, task.request.id)


async def relay() -> None:
    """Create the tables, and send events and tasks until SIGINT or SIGTERM."""
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    app = broker.publisher_app(BROKER_URL, [invoices], stream=stream)
    publisher, queues = broker.BatchPublisher(app), broker.SubscriberQueues(app)
    await database.run_relay(engine, publisher, [invoices], tables=tables, queues=queues)


def worker() -> None:
    """Write invoices until SIGINT or SIGTERM."""
    make_uow = partial(ShopUnitOfWork.open, DATABASE_URL)
    broker.run_subscriber(invoices, make_uow, BROKER_URL, events=[OrderPlaced], stream=stream)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    asyncio.run(relay()) if sys.argv[1:] == ["relay"] else worker()
