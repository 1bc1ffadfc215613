"""Relaying: events sent per second from the outbox to RabbitMQ."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import cache, partial
from time import perf_counter
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.eventstream.app import publisher_app
from reading_club.adapters.eventstream.publisher.publisher import BatchPublisher
from reading_club.adapters.uow_sqla import orm
from reading_club.adapters.uow_sqla.engine import create_engine
from reading_club.adapters.uow_sqla.eventstream.outbox import SQLOutbox
from reading_club.adapters.uow_sqla.eventstream.run import LEASE
from reading_club.eventstream.outbox.relay import Relay
from reading_club.eventstream.ports.metrics import NO_METRICS
from reading_club.eventstream.ports.outbox import OLDEST, Lease, OutboxMessage
from reading_club.service.subscribers import SUBSCRIBERS
from reading_club_functional import queues
from reading_club_functional.bench.backlog import new_events
from reading_club_functional.bench.checks import assert_arrived_once, sent
from reading_club_functional.bench.comparison import Comparison, Envelope
from reading_club_functional.bench.environment import Environment
from reading_club_functional.bench.observation import Observe
from reading_club_functional.bench.peers import aio_pika, cookbook, faststream_outbox
from reading_club_functional.database import Database

UNIT = "events/s"


def comparisons(environment: Environment) -> Iterator[Comparison]:
    """Yield the relay compared with its peers, and with itself on a backlog."""
    number, few = environment.size(20_000), environment.size(3_000)
    ours = partial(relayed, environment, number, number)
    confirmed = partial(published, environment, few, cookbook.publish)
    yield Comparison("relay_vs_cookbook", UNIT, ours, confirmed, "cookbook, confirmed", 8)
    stacked = partial(relayed_by_faststream, environment, number)
    yield Comparison("relay_vs_faststream_outbox", UNIT, ours, stacked, "faststream-outbox", 2)
    bare = partial(published, environment, number, aio_pika.publish)
    yield Comparison("relay_vs_aiopika", UNIT, ours, bare, "aio-pika, publishing only", 0.75)
    backlog = partial(relayed, environment, number, environment.size(1_000_000))
    yield Comparison("backlog_1m", UNIT, backlog, ours, f"{number:,} waiting", 0.9)


def relayed(environment: Environment, number: int, waiting: int) -> float:
    """Return the events per second of a relay that sends the oldest `number` waiting events."""
    with environment.club(waiting) as club:
        queues.declare(environment.rabbitmq.url)
        url, observe = club.settings["database_url"], environment.observing
        seconds = asyncio.run(_relay(url, environment.rabbitmq.url, number, observe))
        assert club.database.count("outbox") == waiting - number, "rows are left, or missing"
        assert_arrived_once(environment.rabbitmq.url, sent(club.database))
    return number / seconds


def relayed_by_faststream(environment: Environment, number: int) -> float:
    """Return the events per second of faststream-outbox's relay, from a table of its own."""
    events, broker_url = same_events(number), environment.rabbitmq.url

    def fill(url: str) -> None:
        asyncio.run(faststream_outbox.store(url, events))

    with environment.copy(faststream_outbox, fill) as url:
        queues.declare(broker_url)
        seconds = asyncio.run(faststream_outbox.relay(url, broker_url, number))
        assert Database(url).count(faststream_outbox.TABLE.name) == 0, "rows are left"
        assert_arrived_once(broker_url, [event["id"] for event in events])
    return number / seconds


def published(
    environment: Environment, number: int, publish: Callable[[str, Sequence[Envelope]], float]
) -> float:
    """Return the events per second of a peer without an outbox, which publishes from memory."""
    events = same_events(number)
    queues.declare(environment.rabbitmq.url)
    seconds = publish(environment.rabbitmq.url, events)
    assert_arrived_once(environment.rabbitmq.url, [event["id"] for event in events])
    return number / seconds


@cache
def same_events(number: int) -> Sequence[Envelope]:
    """Return the envelopes of `number` events, the same ones for each round."""
    return [*new_events(number).values()]


class OldestOnly(SQLOutbox):
    """An outbox from which a relay can claim the oldest `number` events and no others."""

    def __init__(self, engine: AsyncEngine, number: int) -> None:
        super().__init__(engine, orm.stream)
        self._left = number

    async def claim(
        self, limit: int, lease: Lease, *, since: UUID = OLDEST
    ) -> Sequence[OutboxMessage]:
        """Claim events as long as some of the `number` are left."""
        limit = min(limit, self._left)
        self._left -= limit
        return await super().claim(limit, lease, since=since) if limit else []


async def _relay(database_url: str, broker_url: str, number: int, observe: Observe) -> float:
    """Return the seconds to send the oldest `number` events, including the time to connect."""
    engine, app = create_engine(database_url), publisher_app(broker_url, SUBSCRIBERS)
    try:
        with observe("relay") as metrics, closing(app):
            stream = NO_METRICS if metrics is None else metrics.stream
            with closing(BatchPublisher(app, metrics=stream)) as publisher:
                relay = Relay(OldestOnly(engine, number), publisher, lease=LEASE, metrics=stream)
                start = perf_counter()
                assert await relay.drain(), "the broker or the database is away"
                return perf_counter() - start
    finally:
        await engine.dispose()
