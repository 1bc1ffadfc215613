"""faststream-outbox as a peer of the relay: a subscriber of its table publishes to RabbitMQ."""

import asyncio
from collections.abc import Sequence
from time import perf_counter
from typing import Any

from faststream.rabbit import ExchangeType, RabbitBroker, RabbitExchange
from faststream_outbox import OutboxBroker, make_outbox_table
from sqlalchemy import MetaData, select
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from reading_club.adapters.eventstream.topology import EXCHANGE
from reading_club_functional.bench.comparison import Envelope

TABLE = make_outbox_table(MetaData(), "faststream_outbox")
QUEUE = "events"
WORKERS = 8
FETCH = 200
FLUSH = 100
STORE = 1000
"""Events stored in one transaction."""


async def store(database_url: str, events: Sequence[Envelope]) -> None:
    """Create the outbox table, and store the events in it by ``publish_batch``."""
    engine = create_async_engine(database_url)
    broker = OutboxBroker(engine, outbox_table=TABLE, logger=None)
    async with engine.begin() as connection:
        await connection.run_sync(TABLE.metadata.create_all)
    for start in range(0, len(events), STORE):
        async with engine.begin() as connection:
            chunk = events[start : start + STORE]
            await broker.publish_batch(*chunk, queue=QUEUE, session=connection)
    await engine.dispose()


async def relay(database_url: str, broker_url: str, number: int) -> float:
    """Return the seconds until the table is empty, without those to connect to the broker.

    As in its documentation: two decorators. Eight workers, 200 rows for each fetch and 100 for
    each deletion are the fastest; logging and the validation of types are off.
    """
    engine = create_async_engine(database_url, pool_size=WORKERS + 2)
    rabbit = RabbitBroker(broker_url, logger=None, apply_types=False)
    outbox = OutboxBroker(engine, outbox_table=TABLE, logger=None, apply_types=False)
    all_seen = _forward(outbox, rabbit, number)
    async with rabbit:
        await rabbit.start()
        start = perf_counter()
        async with outbox:
            await all_seen.wait()
            await _until_empty(engine)
            seconds = perf_counter() - start
    await engine.dispose()
    return seconds


def _forward(outbox: OutboxBroker, rabbit: RabbitBroker, number: int) -> asyncio.Event:
    """Subscribe to the table and publish to RabbitMQ. The event is set at the last message."""
    all_seen, seen = asyncio.Event(), 0

    @rabbit.publisher(
        routing_key="book_registered_v1",
        exchange=RabbitExchange(EXCHANGE.name, type=ExchangeType.TOPIC, durable=True),
        persist=True,
    )
    @outbox.subscriber(
        QUEUE, max_workers=WORKERS, fetch_batch_size=FETCH, terminal_flush_batch_size=FLUSH
    )
    async def forward(body: Any) -> Any:
        nonlocal seen
        seen += 1
        if seen >= number:
            all_seen.set()
        return body

    return all_seen


async def _until_empty(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        statement = select(TABLE.c.id).limit(1)
        while (await connection.execute(statement)).first() is not None:
            await connection.rollback()
            await asyncio.sleep(0.005)
