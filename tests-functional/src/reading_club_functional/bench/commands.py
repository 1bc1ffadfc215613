"""Commands: how many books a second are registered, sixteen at a time."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

from reading_club_functional.bench import registering
from reading_club_functional.bench.arrivals import Arrivals
from reading_club_functional.bench.measure import Measure, Pair
from reading_club_functional.bench.registering import Way, register
from reading_club_functional.bench.stage import Stage
from reading_club_functional.bench.stored import books_sent, require_arrived, require_stored
from reading_club_functional.bench.templates import Templates
from reading_club_functional.club import prepared_club
from reading_club_functional.database import Database

UNIT = "commands/s"


def pairs(stage: Stage) -> Iterator[Pair]:
    """Yield the command path against its peers, without a broker, and over HTTP."""
    room = Room(stage)
    number = stage.size(5_000)
    ours = room.stored(registering.ours, number)
    cookbook = room.stored(registering.cookbooks, number, outbox=False)
    yield Pair("command_vs_cookbook", UNIT, ours, cookbook, "cookbook, no outbox", 2)
    raw = room.stored(registering.statements, number)
    yield Pair("command_vs_asyncpg", UNIT, ours, raw, "asyncpg alone", 0.45)
    healthy = room.sent(number)
    yield Pair("command_broker_down", UNIT, room.frozen(number), healthy, "healthy", 0.95)
    yield Pair("http_overhead", UNIT, room.http(number), healthy, "in this process", 0.5)


class Room:
    """Makes measures that start from a fresh database and empty queues."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._broker = stage.rabbitmq.url
        self._arrivals = Arrivals(stage.rabbitmq.url)
        self._templates = Templates(stage.postgresql)

    def stored(self, way: Way, number: int, *, outbox: bool = True) -> Measure:
        """Measure a way that sends nothing; every event waits afterwards if it has an outbox."""

        def measure() -> float:
            with self._templates.club() as url:
                commands, seconds = asyncio.run(register(way(url), number))
                require_stored(Database(url), commands)
                assert Database(url).count("outbox") == (len(commands) if outbox else 0)
            return number / seconds

        return measure

    def sent(self, number: int) -> Measure:
        """Measure the whole club; afterwards everything has arrived, once."""

        def measure() -> float:
            with self._fresh() as url:
                way = registering.whole_club(url, self._broker)
                commands, seconds = asyncio.run(register(way, number))
                require_stored(Database(url), commands)
                require_arrived(url, self._broker, self._arrivals)
            return number / seconds

        return measure

    def frozen(self, number: int) -> Measure:
        """Measure the whole club while the broker does not answer; every event waits then.

        It stops answering after the warm-up, with a connection open.
        """

        def measure() -> float:
            with self._fresh() as url:
                way, sent = registering.whole_club(url, self._broker), set[str]()
                frozen = self._frozen(url, sent)
                commands, seconds = asyncio.run(register(way, number, frozen))
                require_stored(Database(url), commands)
                assert sent.isdisjoint(str(command.id) for command in commands[-number:])
            return number / seconds

        return measure

    def http(self, number: int) -> Measure:
        """Measure the web process, with its sender at work; afterwards everything has arrived."""

        def measure() -> float:
            folder = Path(mkdtemp(dir=self._stage.folder))
            with self._fresh() as url, prepared_club(folder, url, self._broker) as club:
                club.web()
                way = registering.over_http(int(club.settings["port"]))
                commands, seconds = asyncio.run(register(way, number))
                require_stored(Database(url), commands)
                require_arrived(url, self._broker, self._arrivals)
            return number / seconds

        return measure

    @contextmanager
    def _fresh(self) -> Iterator[str]:
        with self._templates.club() as url:
            self._arrivals.empty()
            yield url

    @contextmanager
    def _frozen(self, url: str, sent: set[str]) -> Iterator[None]:
        """Freeze the broker for a while, and tell which books do not wait in the outbox then."""
        self._stage.rabbitmq.freeze()
        try:
            yield
            with ThreadPoolExecutor(1) as elsewhere:  # there is a loop in this thread
                sent.update(elsewhere.submit(books_sent, Database(url)).result())
        finally:
            self._stage.rabbitmq.thaw()
