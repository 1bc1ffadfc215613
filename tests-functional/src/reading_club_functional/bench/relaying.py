"""Events that wait in the outbox, on their way to RabbitMQ: how many a second."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from time import perf_counter

from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.eventstream.app import publisher_app
from reading_club.adapters.eventstream.publisher.publisher import BatchPublisher
from reading_club.adapters.uow_sqla import orm
from reading_club.adapters.uow_sqla.engine import create_engine
from reading_club.adapters.uow_sqla.eventstream.outbox import SQLOutbox
from reading_club.app.bootstrap.relay import LEASE
from reading_club.eventstream.outbox.relay import Relay
from reading_club.eventstream.ports.outbox import Lease, OutboxMessage
from reading_club.service.projections import SUBSCRIBERS
from reading_club_functional.bench import publishing, stacking
from reading_club_functional.bench.arrivals import Arrivals
from reading_club_functional.bench.measure import Measure, Pair
from reading_club_functional.bench.stage import Stage
from reading_club_functional.bench.templates import Templates
from reading_club_functional.database import Database

SENT = """\
SELECT id::text FROM messages
WHERE NOT EXISTS (SELECT FROM outbox WHERE message_id = messages.id)"""
UNIT = "events/s"


def pairs(stage: Stage) -> Iterator[Pair]:
    """Yield the relay against its peers, and against itself with a backlog."""
    room = Room(stage)
    number, some = stage.size(20_000), stage.size(3_000)
    drain = room.relay(number)
    cookbook = room.publishing(publishing.cookbook, some)
    yield Pair("relay_vs_cookbook", UNIT, drain, cookbook, "cookbook, confirmed", 8)
    stacked = room.faststream(number)
    yield Pair("relay_vs_faststream_outbox", UNIT, drain, stacked, "faststream-outbox", 2)
    bare = room.publishing(publishing.aiopika, number)
    yield Pair("relay_vs_aiopika", UNIT, drain, bare, "aio-pika, publishing only", 0.75)
    backlog = room.relay(number, waiting=stage.size(1_000_000))
    name = f"{number:,} waiting"
    yield Pair("backlog_1m", UNIT, backlog, drain, name, 0.9)


class Room:
    """Makes measures that start from a fresh database and empty queues."""

    def __init__(self, stage: Stage) -> None:
        self._templates = Templates(stage.postgresql)
        self._broker = stage.rabbitmq.url
        self._arrivals = Arrivals(stage.rabbitmq.url)

    def relay(self, number: int, waiting: int | None = None) -> Measure:
        """Measure our relay, wired as in its process, on the oldest `number` waiting events."""
        total = waiting or number

        def measure() -> float:
            with self._templates.club(total) as url:
                self._arrivals.empty()
                seconds = asyncio.run(_relay(url, self._broker, number))
                database = Database(url)
                assert database.count("outbox") == total - number, "rows are left, or gone"
                self._arrivals.require_once([id_ for (id_,) in database.rows(SENT)])
            return number / seconds

        return measure

    def faststream(self, number: int) -> Measure:
        """Measure the relay of faststream-outbox, which stores events in a table of its own."""

        def measure() -> float:
            envelopes = list(publishing.envelopes(number))
            with self._templates.copy(
                "faststream", lambda url: asyncio.run(stacking.store(url, number))
            ) as url:
                self._arrivals.empty()
                seconds = asyncio.run(stacking.relay(url, self._broker, number))
                assert Database(url).count(stacking.TABLE.name) == 0, "rows are left"
                self._arrivals.require_once([envelope["id"] for envelope in envelopes])
            return number / seconds

        return measure

    def publishing(self, publish: Callable[[str, int], float], number: int) -> Measure:
        """Measure a peer that has no outbox: it publishes what it has in memory."""

        def measure() -> float:
            self._arrivals.empty()
            seconds = publish(self._broker, number)
            self._arrivals.require_once([each["id"] for each in publishing.envelopes(number)])
            return number / seconds

        return measure


class Oldest(SQLOutbox):
    """An outbox that lets the relay claim `number` events in total."""

    def __init__(self, engine: AsyncEngine, number: int) -> None:
        super().__init__(engine, orm.stream)
        self._left = number

    async def claim(self, limit: int, lease: Lease) -> Sequence[OutboxMessage]:
        """Claim what is left of them."""
        limit = min(limit, self._left)
        self._left -= limit
        return await super().claim(limit, lease) if limit else []


async def _relay(database_url: str, broker_url: str, number: int) -> float:
    """Return the seconds to send the oldest `number` events, including the time to connect."""
    engine, app = create_engine(database_url), publisher_app(broker_url, SUBSCRIBERS)
    publisher = BatchPublisher(app)
    relay = Relay(Oldest(engine, number), publisher, lease=LEASE)
    try:
        start = perf_counter()
        assert await relay.drain(), "the broker or the database is away"
        return perf_counter() - start
    finally:
        publisher.close()
        app.close()
        await engine.dispose()
