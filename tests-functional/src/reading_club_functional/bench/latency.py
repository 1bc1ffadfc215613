"""How soon an event takes effect when nothing else goes on."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from uuid import UUID

from pydantic import SecretStr

from reading_club.app.bootstrap.web import open_application
from reading_club.app.settings import Settings
from reading_club.domain.messages import RegisterBook
from reading_club.testing.builders import an_isbn
from reading_club_functional.bench.filling import open_tasks
from reading_club_functional.bench.fresh import NotOnce, assert_once, fresh_club, stop
from reading_club_functional.bench.measure import Measure, Pair
from reading_club_functional.bench.stage import Stage
from reading_club_functional.bench.taskworker import MODULE, READY, START, STARTED
from reading_club_functional.club import Club
from reading_club_functional.polling import eventually
from reading_club_functional.servers import PostgreSQLServer

COMMANDS = 300
WARM_UP = 20
"""Commands that are not counted: connections are opened, statements prepared."""
PAUSE = 0.03
"""Seconds between commands, in which the effect has come and all is idle again."""
COMMITS = """
SELECT extract(epoch FROM pg_xact_commit_timestamp(activity.xmin)
                        - pg_xact_commit_timestamp(messages.xmin)) * 1000
FROM messages JOIN activity USING (id) ORDER BY messages.position
"""

Samples = Sequence[float]
"""Milliseconds, in the order in which they were taken."""


class Shared:
    """A measure of many samples, of which several figures are made."""

    def __init__(self, take: Callable[[], Samples]) -> None:
        self._take = take
        self._unread: dict[float, deque[Samples]] = {}

    def percentile(self, share: float) -> Measure:
        """Return a measure that reads samples once, and takes new ones when it has read all."""
        unread = self._unread.setdefault(share, deque())

        def measure() -> float:
            if not unread:
                samples = sorted(self._take())
                for each in self._unread.values():
                    each.append(samples)
            read = unread.popleft()
            return read[min(len(read) - 1, int(share * len(read)))]

        return measure


def latency_pairs(stage: Stage) -> Iterator[Pair]:
    """Compare half of the samples, and all but one in a hundred."""
    ours = Shared(lambda: commit_to_effect(stage))
    peer = Shared(lambda: send_to_start(stage))
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


def commit_to_effect(stage: Stage) -> Samples:
    """Return the milliseconds from each command's commit to the commit of its effect.

    PostgreSQL notes both by its own clock, before it writes the commit to the disk: both are
    early by the same. Commands run in this process; the relay and all workers run besides it.
    """
    count = WARM_UP + stage.size(COMMANDS)
    with (
        PostgreSQLServer({"track_commit_timestamp": "on"}) as postgresql,
        fresh_club(stage, postgresql) as club,
    ):
        club.ready(*club.begin_workers(), club.begin("relay"))
        asyncio.run(_command(club, count))
        eventually(lambda: club.database.count("activity") >= count)
        assert_once(club.database, _events(club, count))
        samples = [float(sample) for (sample,) in club.database.rows(COMMITS)]
    return samples[WARM_UP:]


async def _command(club: Club, count: int) -> None:
    settings = Settings(
        database_url=SecretStr(club.settings["database_url"]),
        broker_url=SecretStr(club.settings["broker_url"]),
        data_dir=club.folder,
    )
    async with open_application(settings) as here:
        for number in range(count):
            await here.handle(RegisterBook(isbn=an_isbn(), title=f"Volume {number}", author="Many"))
            await asyncio.sleep(PAUSE)


def _events(club: Club, count: int) -> Sequence[UUID]:
    """Return the ids of the recorded events. Raises NotOnce unless they are `count`."""
    query = "SELECT id FROM messages WHERE type = 'book_registered_v1'"
    ids = [UUID(str(id_)) for (id_,) in club.database.rows(query)]
    if len(ids) != count:
        raise NotOnce(f"{len(ids)} events of {count} commands")
    return ids


def send_to_start(stage: Stage) -> Samples:
    """Return the milliseconds from each call of send_task to the first line of its task.

    Both processes read the same clock of the machine.
    """
    count = WARM_UP + stage.size(COMMANDS)
    with fresh_club(stage) as club, open_tasks(stage.rabbitmq.url) as app:
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
