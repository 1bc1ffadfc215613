"""Consuming: events of a full queue that take effect per second."""

import asyncio
from collections.abc import Iterator
from functools import partial

import asyncpg

from reading_club_functional import queues
from reading_club_functional.bench.backlog import fill_activity_queue, new_events, with_duplicates
from reading_club_functional.bench.checks import NotOnce, assert_applied_once
from reading_club_functional.bench.comparison import Comparison
from reading_club_functional.bench.environment import Environment, stop
from reading_club_functional.bench.peers import celery_tasks
from reading_club_functional.cluster import ClubCluster
from reading_club_functional.polling import eventually

EVENTS, EVENTS_OF_PEER = 20_000, 4_000
"""The peer has fewer events, since it needs half a minute for the others."""
EFFECT_TIMEOUT = 120.0
PROGRESS = """
SELECT count(*) AS seen, extract(epoch FROM clock_timestamp() - min(received_at)) AS seconds
FROM inbox
"""


def comparisons(environment: Environment) -> Iterator[Comparison]:
    """Yield a worker of the club, compared with Celery tasks of a transaction each."""
    yield Comparison(
        name="consume_vs_cookbook",
        unit="events/s",
        ours=partial(consume, environment),
        peer=partial(consume_by_tasks, environment),
        peer_name="a transaction a task, prefork",
        goal=8,
    )


def consume(environment: Environment) -> float:
    """Return the events per second that the club's worker of the activity log handles."""
    events, broker_url = new_events(environment.size(EVENTS)), environment.rabbitmq.url
    with environment.club() as club:
        fill_activity_queue(broker_url, events)
        worker = club.begin("worker", "--subscriber", "activity")
        rate = rate_of_effects(club, len(events))
        eventually(lambda: not queues.waiting(broker_url, "activity")["activity"])
        stop(worker)
        assert_applied_once(club.database, events)
    return rate


def consume_by_tasks(environment: Environment) -> float:
    """Return the events per second that Celery tasks handle, in a transaction each."""
    events, broker_url = new_events(environment.size(EVENTS_OF_PEER)), environment.rabbitmq.url
    with environment.club() as club, celery_tasks.open_client(broker_url) as app:
        celery_tasks.fill_queue(app, (event for _, event in with_duplicates(events)))
        options = ("--concurrency=2", "--prefetch-multiplier=64")
        worker = club.begin("worker", celery_tasks.RECORD, *options, module=celery_tasks.MODULE)
        rate = rate_of_effects(club, len(events))
        stop(worker)
        assert_applied_once(club.database, events)
    return rate


def rate_of_effects(club: ClubCluster, count: int) -> float:
    """Wait until `count` events have taken effect, and return the events per second.

    The database measures the time: from the first inbox row, which is written before any effect,
    to the poll that sees all rows, at most 0.05 s late.
    """
    try:
        return count / asyncio.run(_seconds_to_handle(club.settings["database_url"], count))
    except TimeoutError as late:
        raise NotOnce(f"not all of {count} events took effect\n{club.log_tails()}") from late


async def _seconds_to_handle(database_url: str, count: int) -> float:
    connection = await asyncpg.connect(database_url.replace("+asyncpg", ""))
    try:
        async with asyncio.timeout(EFFECT_TIMEOUT):
            while True:
                [(seen, seconds)] = await connection.fetch(PROGRESS)
                if seen >= count:
                    return float(seconds)
                await asyncio.sleep(0.05)
    finally:
        await connection.close()
