"""Latency: milliseconds until an event takes effect in an idle club."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from uuid import UUID

from reading_club.app.bootstrap.web import open_application
from reading_club.domain.messages import RegisterBook
from reading_club.testing.builders import an_isbn
from reading_club_functional.bench.checks import NotOnce, assert_applied_once, sent
from reading_club_functional.bench.environment import Environment, stop
from reading_club_functional.bench.measure import Measure, Pair
from reading_club_functional.bench.peers.celery_tasks import (
    MODULE,
    READY,
    START,
    STARTED,
    open_client,
)
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

Samples = Sequence[float]
"""Milliseconds, in the order of the commands."""


class SharedSamples:
    """Percentiles of the same samples: each percentile reads each set of samples once."""

    def __init__(self, take: Callable[[], Samples]) -> None:
        self._take = take
        self._unread: dict[float, deque[Samples]] = {}

    def percentile(self, share: float) -> Measure:
        """Return a measure of this percentile; it takes new samples when all are read."""
        unread = self._unread.setdefault(share, deque())

        def measure() -> float:
            if not unread:
                samples = sorted(self._take())
                for each in self._unread.values():
                    each.append(samples)
            read = unread.popleft()
            return read[min(len(read) - 1, int(share * len(read)))]

        return measure


def pairs(environment: Environment) -> Iterator[Pair]:
    """Yield the median and the 99th percentile, compared with the start of an empty task."""
    ours = SharedSamples(lambda: commit_to_effect(environment))
    peer = SharedSamples(lambda: send_to_start(environment))
    goals = (("latency_vs_celery", 0.5, 3.0), ("latency_p99_vs_celery", 0.99, 4.0))
    measures = [(ours.percentile(share), peer.percentile(share)) for _, share, _ in goals]
    for (name, _, goal), (our, peers) in zip(goals, measures, strict=True):
        yield Pair(
            name=name,
            unit="ms",
            ours=our,
            peer=peers,
            peer_name="send_task to start of an empty task, prefork",
            goal=goal,
            at_most=True,
            rounds=3,
        )


def commit_to_effect(environment: Environment) -> Samples:
    """Return the milliseconds from each command's commit to the commit of its effect.

    PostgreSQL records both by its own clock, before it writes the commit to the disk: both are
    early by the same. Commands run in this process, relay and workers in their own.
    """
    count = WARM_UP + environment.size(COMMANDS)
    with (
        PostgreSQLServer({"track_commit_timestamp": "on"}) as postgresql,
        replace(environment, postgresql=postgresql).club() as club,
    ):
        club.ready(*club.begin_workers(), club.begin("relay"))
        asyncio.run(_register(club, count))
        eventually(lambda: club.database.count("activity") >= count)
        events = [UUID(id_) for id_ in sent(club.database)]
        if len(events) != count:
            raise NotOnce(f"{len(events)} events of {count} commands")
        assert_applied_once(club.database, events)
        samples = [float(sample) for (sample,) in club.database.rows(COMMITS)]
    return samples[WARM_UP:]


async def _register(club: ClubCluster, count: int) -> None:
    async with open_application(club.app_settings) as opened:
        for number in range(count):
            book = RegisterBook(isbn=an_isbn(), title=f"Volume {number}", author="Many")
            await opened.handle(book)
            await asyncio.sleep(PAUSE)


def send_to_start(environment: Environment) -> Samples:
    """Return the milliseconds from each call of send_task to the first statement of its task.

    Both processes read the same clock of the machine.
    """
    count = WARM_UP + environment.size(COMMANDS)
    with environment.club() as club, open_client(environment.rabbitmq.url) as app:
        worker = club.begin("worker", START, "--concurrency=2", module=MODULE)
        worker.expect(READY)
        for _ in range(count):
            app.send_task(START, args=(time.time(),))
            time.sleep(PAUSE)
        eventually(lambda: worker.output.count(STARTED) >= count)
        stop(worker)
        lines = [line for line in worker.output.splitlines() if line.startswith(STARTED)]
    if len(lines) != count:
        raise NotOnce(f"{len(lines)} starts of {count} tasks")
    return [1000 * float(line.removeprefix(STARTED)) for line in lines][WARM_UP:]
