"""Latency: milliseconds until an event takes effect in an idle club."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from uuid import UUID

from reading_club.domain.messages import RegisterBook
from reading_club_functional.bench.checks import NotOnce, assert_applied_once, sent
from reading_club_functional.bench.comparison import Comparison, SharedRuns
from reading_club_functional.bench.environment import Environment, stop
from reading_club_functional.bench.measures.commands import application, new_commands
from reading_club_functional.bench.observation import Observe
from reading_club_functional.bench.open_loop import Handle, paced
from reading_club_functional.bench.peers import celery_tasks
from reading_club_functional.cluster import ClubCluster
from reading_club_functional.polling import eventually
from reading_club_functional.servers import PostgreSQLServer

COMMANDS = 300
WARM_UP = 20
"""Commands that are not measured: connections are opened, statements prepared."""
PAUSE = 0.03
"""Seconds between two commands, in which the effect comes and the club becomes idle."""
COMMITS = """
SELECT extract(epoch FROM pg_xact_commit_timestamp(activity.xmin)
                        - pg_xact_commit_timestamp(messages.xmin)) * 1000
FROM messages JOIN activity USING (id) ORDER BY messages.position
"""
SECONDS = 60
LOW_RATE, HIGH_RATE = 8, 500
"""Commands a second."""
EFFECTS_WITHIN = 120.0
PERCENTILES = {"median": 0.5, "p99": 0.99}


def comparisons(environment: Environment) -> Iterator[Comparison]:
    """Yield the median and the 99th percentile, compared with the start of an empty task."""
    ours = SharedRuns(lambda: percentiles(commit_to_effect(environment)))
    peer = SharedRuns(lambda: percentiles(send_to_start(environment)))
    goals = (("latency_vs_celery", "median", 3.0), ("latency_p99_vs_celery", "p99", 4.0))
    for name, percentile, goal in goals:
        yield Comparison(
            name=name,
            unit="ms",
            ours=ours.measure(percentile),
            peer=peer.measure(percentile),
            peer_name="send_task to start of an empty task, prefork",
            goal=goal,
            at_most=True,
            rounds=3,
        )
    yield Comparison(
        name="low_rate",
        unit="ms",
        ours=lambda: percentiles(commit_to_effect_at(environment, LOW_RATE))["p99"],
        peer=lambda: percentiles(commit_to_effect_at(environment, HIGH_RATE))["p99"],
        peer_name=f"the slowest hundredth at {HIGH_RATE} commands/s",
        goal=1.5,
        at_most=True,
        rounds=1,
        warm_up=False,
    )


def percentiles(samples: Sequence[float]) -> dict[str, float]:
    """Return the percentiles of samples in milliseconds."""
    ordered = sorted(samples)
    return {name: ordered[int(share * len(ordered))] for name, share in PERCENTILES.items()}


def commit_to_effect(environment: Environment) -> Sequence[float]:
    """Return the milliseconds from each command's commit to the commit of its effect.

    PostgreSQL records both by its own clock, before it writes the commit to the disk: both are
    early by the same. Commands run in this process, relay and workers in their own.
    """
    count = WARM_UP + environment.size(COMMANDS)
    register = partial(_one_by_one, commands=new_commands(count))
    return _commit_to_effect(environment, count, register)


def commit_to_effect_at(environment: Environment, rate: int) -> Sequence[float]:
    """Return the same of commands that begin at this rate a second, whatever the others take."""
    count = WARM_UP + rate * environment.size(SECONDS)
    return _commit_to_effect(environment, count, partial(paced, new_commands(count), rate))


def _commit_to_effect(
    environment: Environment, count: int, register: Callable[[Handle], Awaitable[None]]
) -> Sequence[float]:
    with (
        PostgreSQLServer({"track_commit_timestamp": "on"}) as postgresql,
        replace(environment, postgresql=postgresql).club() as club,
    ):
        club.ready(*club.begin_workers(), club.begin("relay"))
        asyncio.run(_with_handler(club, register, environment.observing))
        eventually(lambda: club.database.count("activity") >= count, within=EFFECTS_WITHIN)
        events = [UUID(id_) for id_ in sent(club.database)]
        if len(events) != count:
            raise NotOnce(f"{len(events)} events of {count} commands")
        assert_applied_once(club.database, events)
        samples = [float(sample) for (sample,) in club.database.rows(COMMITS)]
    return samples[WARM_UP:]


async def _with_handler(
    club: ClubCluster, register: Callable[[Handle], Awaitable[None]], observe: Observe
) -> None:
    async with application(club, observe) as handle:
        await register(handle)


async def _one_by_one(handle: Handle, commands: Sequence[RegisterBook]) -> None:
    for command in commands:
        await handle(command)
        await asyncio.sleep(PAUSE)


def send_to_start(environment: Environment) -> Sequence[float]:
    """Return the milliseconds from each call of send_task to the first statement of its task.

    Both processes read the same clock of the machine.
    """
    count = WARM_UP + environment.size(COMMANDS)
    with environment.club() as club, celery_tasks.open_client(environment.rabbitmq.url) as app:
        worker = club.begin(
            "worker", celery_tasks.START, "--concurrency=2", module=celery_tasks.MODULE
        )
        worker.expect(celery_tasks.READY)
        for _ in range(count):
            app.send_task(celery_tasks.START, args=(time.time(),))
            time.sleep(PAUSE)
        eventually(lambda: worker.output.count(celery_tasks.STARTED) >= count)
        stop(worker)
    seconds = re.findall(rf"^{celery_tasks.STARTED} (\S+)$", worker.output, re.MULTILINE)
    if len(seconds) != count:
        raise NotOnce(f"{len(seconds)} starts of {count} tasks")
    return [1000 * float(each) for each in seconds[WARM_UP:]]
