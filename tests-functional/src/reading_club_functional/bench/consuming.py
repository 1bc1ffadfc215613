"""How fast waiting events take effect, each of them once."""

import asyncio
from collections.abc import Iterator

import asyncpg

from reading_club_functional.bench.filling import (
    events_on_the_wire,
    fill_queue_of_activity,
    fill_queue_of_tasks,
    is_empty,
    open_tasks,
)
from reading_club_functional.bench.fresh import NotOnce, assert_once, fresh_club, stop
from reading_club_functional.bench.latency import latency_pairs
from reading_club_functional.bench.measure import Pair
from reading_club_functional.bench.stage import Stage
from reading_club_functional.bench.taskworker import MODULE, RECORD
from reading_club_functional.club import Club
from reading_club_functional.polling import eventually

EVENTS, EVENTS_OF_PEER = 20_000, 4_000
"""The peer has fewer, as they are compared by the second: it would take half a minute."""
PATIENCE = 120.0
PROGRESS = """
SELECT count(*) AS seen, extract(epoch FROM clock_timestamp() - min(received_at)) AS seconds
FROM inbox
"""


def pairs(stage: Stage) -> Iterator[Pair]:
    """Compare a worker with one that has a transaction a task, and how soon work begins."""
    yield Pair(
        name="consume_vs_cookbook",
        unit="events/s",
        ours=lambda: consume(stage),
        peer=lambda: consume_task_by_task(stage),
        peer_name="a transaction a task, prefork",
        goal=5,
    )
    yield from latency_pairs(stage)


def consume(stage: Stage) -> float:
    """Return how many waiting events a second a worker of the club takes into the log."""
    events = events_on_the_wire(stage.size(EVENTS))
    with fresh_club(stage) as club:
        fill_queue_of_activity(stage.rabbitmq.url, events)
        worker = club.begin("worker", "--subscriber", "activity")
        rate = rate_of_effects(club, len(events))
        eventually(lambda: is_empty(stage.rabbitmq.url))
        stop(worker)
        assert_once(club.database, events)
    return rate


def consume_task_by_task(stage: Stage) -> float:
    """Return how many waiting events a second a worker takes that has a transaction a task."""
    events = events_on_the_wire(stage.size(EVENTS_OF_PEER))
    with fresh_club(stage) as club, open_tasks(stage.rabbitmq.url) as app:
        fill_queue_of_tasks(app, events)
        options = ("--concurrency=2", "--prefetch-multiplier=64")
        worker = club.begin("worker", RECORD, *options, module=MODULE)
        rate = rate_of_effects(club, len(events))
        stop(worker)
        assert_once(club.database, events)
    return rate


def rate_of_effects(club: Club, count: int) -> float:
    """Wait until `count` events have taken effect, and return the events per second.

    The clock is the database's: it runs from the first receipt, which is written before any
    effect is there, until all are seen, which is up to a twentieth of a second late.
    """
    try:
        return count / asyncio.run(_seconds_to_take(club.settings["database_url"], count))
    except TimeoutError as late:
        raise NotOnce(f"not all of {count} events took effect\n{club.last_words()}") from late


async def _seconds_to_take(database_url: str, count: int) -> float:
    connection = await asyncpg.connect(database_url.replace("+asyncpg", ""))
    try:
        async with asyncio.timeout(PATIENCE):
            while True:
                [(seen, seconds)] = await connection.fetch(PROGRESS)
                if seen >= count:
                    return float(seconds)
                await asyncio.sleep(0.05)
    finally:
        await connection.close()
