"""Memory: a relay and a worker late in a long run, compared with themselves early in it."""

from collections.abc import Iterator
from uuid import UUID

from reading_club_functional.bench.backlog import INSERT_EVENTS
from reading_club_functional.bench.checks import assert_applied_once, sent
from reading_club_functional.bench.comparison import Comparison, SharedRuns
from reading_club_functional.bench.environment import Environment, stop
from reading_club_functional.cluster import ClubCluster
from reading_club_functional.polling import eventually
from reading_club_functional.process import ClubProcess

READ_AFTER = {"early": 20_000, "late": 200_000}
"""The numbers of handled events after which the memory is read."""
CHUNK = 5_000
"""Events of a transaction; the next transaction follows when all have their effects."""
CHUNK_TIMEOUT = 120.0
MEBIBYTE = 2**20


def comparisons(environment: Environment) -> Iterator[Comparison]:
    """Yield the memory late in a run, compared with the memory early in the same run."""
    runs = SharedRuns(lambda: handle_many(environment))
    yield Comparison(
        name="memory_soak",
        unit="MiB",
        ours=runs.measure("late"),
        peer=runs.measure("early"),
        peer_name="the same processes after a tenth of the events",
        goal=1.1,
        at_most=True,
        rounds=1,
        warm_up=False,
    )


def handle_many(environment: Environment) -> dict[str, float]:
    """Return the MiB of a relay and a worker, early and late in a run."""
    memory: dict[str, float] = {}
    with environment.club() as club:
        relay, worker = club.begin("relay"), club.begin("worker", "--subscriber", "activity")
        club.ready(relay, worker)
        done = 0
        for time, events in READ_AFTER.items():
            while done < environment.size(events):
                count = min(CHUNK, environment.size(events) - done)
                done += count
                _handle(club, count, done)
            memory[time] = _resident(relay, worker)
        stop(relay, worker)
        assert_applied_once(club.database, map(UUID, sent(club.database)))
    return memory


def _handle(club: ClubCluster, count: int, total: int) -> None:
    """Commit `count` events, and wait until `total` events have taken effect."""
    club.database.rows(INSERT_EVENTS.format(count=count))
    eventually(
        lambda: club.database.count("inbox") >= total and not club.database.count("outbox"),
        within=CHUNK_TIMEOUT,
        every=0.1,
    )


def _resident(*processes: ClubProcess) -> float:
    """Return the resident memory of the processes and their descendants, in MiB."""
    family = [each for process in processes for each in process.family()]
    return float(sum(each.memory_info().rss for each in family)) / MEBIBYTE
