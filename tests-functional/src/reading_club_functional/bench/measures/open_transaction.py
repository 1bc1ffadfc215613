"""A transaction that is held open, as by a backup or a forgotten console: what it does to the club.

PostgreSQL keeps all rows that such a transaction may still see, so that the rows and index entries
of sent events stay in the outbox. Each figure is compared with the same work without it.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from time import perf_counter
from typing import Any, Final
from uuid import UUID

import asyncpg

from reading_club.eventstream.ports.outbox import OLDEST
from reading_club_functional import queues
from reading_club_functional.bench.backlog import INSERT_EVENTS
from reading_club_functional.bench.checks import NotOnce, assert_arrived_once, sent
from reading_club_functional.bench.comparison import Comparison, SharedRuns
from reading_club_functional.bench.environment import Environment, stop
from reading_club_functional.bench.measures.latency import percentiles

SECONDS: Final = 600
RATE: Final = 500
"""Events a second."""
OF_A_WRITE: Final = 10
"""Events that one transaction commits."""
BACKLOG: Final = 20_000
"""Events of one transaction at the end, which the relay drains while the other is open."""
EMPTY_WITHIN: Final = 300.0
LOOK_EVERY: Final = 0.05
"""Seconds between two looks whether the backlog is drained: each walks over what was deleted."""
UNRELATED: Final = "SELECT id, title FROM books ORDER BY id DESC LIMIT 20"
PEER: Final = "without it"


def comparisons(environment: Environment) -> Iterator[Comparison]:
    """Yield the relay's rate, and the slowest hundredth of writes and of an unrelated query."""
    held, free = (
        SharedRuns(partial(write_and_drain, environment, is_held=is_held))
        for is_held in (True, False)
    )
    for name, unit, goal, at_most in (
        ("xmin_held", "events/s", 0.9, False),
        ("xmin_held_writes_p99", "ms", 1.1, True),
        ("xmin_held_queries_p99", "ms", 1.1, True),
    ):
        yield Comparison(
            name=name,
            unit=unit,
            ours=held.measure(name),
            peer=free.measure(name),
            peer_name=PEER,
            goal=goal,
            at_most=at_most,
            rounds=1,
            warm_up=False,
        )


def write_and_drain(environment: Environment, *, is_held: bool) -> dict[str, float]:
    """Return the figures of a club that gets events for minutes, and a backlog at the end."""
    broker_url = environment.rabbitmq.url
    with environment.club() as club:
        queues.declare(broker_url)
        relay = club.begin("relay")
        club.ready(relay)
        url = club.settings["database_url"].replace("+asyncpg", "")
        figures = asyncio.run(_figures(url, environment.size(SECONDS), is_held=is_held))
        stop(relay)
        events = environment.size(SECONDS) * RATE + BACKLOG
        if len(found := sent(club.database)) != events:
            raise NotOnce(f"{len(found)} events of {events}")
        assert_arrived_once(broker_url, found)
    return figures


async def _figures(url: str, seconds: int, *, is_held: bool) -> dict[str, float]:
    async with _connection(url) as holder, _connection(url) as writer, _connection(url) as reader:
        transaction = holder.transaction(isolation="repeatable_read")
        await transaction.start()
        await holder.execute("SELECT FROM books")  # from here on it sees what was there
        if not is_held:
            await transaction.rollback()
        every = OF_A_WRITE / RATE
        write = INSERT_EVENTS.format(count=OF_A_WRITE)
        writes, queries = await asyncio.gather(
            _paced(writer, write, every, seconds), _paced(reader, UNRELATED, every, seconds)
        )
        await _empty(reader)
        first, start = await reader.fetchval("SELECT uuidv7()"), perf_counter()
        await writer.execute(INSERT_EVENTS.format(count=BACKLOG))
        await _empty(reader, first)
        rate = BACKLOG / (perf_counter() - start)
        if is_held:
            await transaction.rollback()
    return {
        "xmin_held": rate,
        "xmin_held_writes_p99": percentiles(writes)["p99"],
        "xmin_held_queries_p99": percentiles(queries)["p99"],
    }


async def _paced(connection: Any, sql: str, every: float, seconds: int) -> list[float]:
    """Run a statement at fixed times, `every` seconds; return the milliseconds of each.

    One that is late begins at once, and its time counts from when it was due.
    """
    begin, samples = perf_counter(), []
    for number in range(round(seconds / every)):
        due = begin + number * every
        await asyncio.sleep(max(0.0, due - perf_counter()))
        await connection.execute(sql)
        samples.append(1000 * (perf_counter() - due))
    return samples


async def _empty(connection: Any, first: UUID = OLDEST) -> None:
    """Wait until the outbox has no events from this one on; what was before it is not looked at."""
    async with asyncio.timeout(EMPTY_WITHIN):
        waits = "SELECT EXISTS (SELECT FROM outbox WHERE message_id >= $1)"
        while await connection.fetchval(waits, first):  # noqa: ASYNC110  # no notice is sent
            await asyncio.sleep(LOOK_EVERY)


@asynccontextmanager
async def _connection(url: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()
