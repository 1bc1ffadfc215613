"""Comparisons of the club with itself: the memory of a relay and a worker in a long run."""

from collections.abc import Iterator
from uuid import UUID

from reading_club_functional.bench.backlog import INSERT_EVENTS
from reading_club_functional.bench.checks import assert_applied_once, sent
from reading_club_functional.bench.environment import Environment, stop
from reading_club_functional.bench.measure import Pair
from reading_club_functional.cluster import ClubCluster
from reading_club_functional.polling import eventually
from reading_club_functional.process import ClubProcess

EARLY, LATE = 20_000, 200_000
"""The numbers of handled events after which the memory is read."""
CHUNK = 5_000
"""Events of a transaction; the next transaction follows when all have their effects."""
CHUNK_TIMEOUT = 120.0
MEBIBYTE = 2**20


def pairs(environment: Environment) -> Iterator[Pair]:
    """Yield the memory late in a run, compared with the memory early in the same run."""
    soak = MemorySoak(environment)
    yield Pair(
        name="memory_soak",
        unit="MiB",
        ours=soak.late,
        peer=soak.early,
        peer_name="the same processes after a tenth of the events",
        goal=1.1,
        at_most=True,
        rounds=1,
        rounds_quick=1,
        warm_up=False,
    )


class MemorySoak:
    """One run of a relay and a worker, whose memory is read twice."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._places = environment.size(EARLY), environment.size(LATE)
        self._memory: dict[int, float] = {}

    def early(self) -> float:
        """Return the MiB after a tenth of the events."""
        return self._after(self._places[0])

    def late(self) -> float:
        """Return the MiB after all events."""
        return self._after(self._places[1])

    def _after(self, events: int) -> float:
        if events not in self._memory:
            self._run()
        return self._memory.pop(events)

    def _run(self) -> None:
        with self._environment.club() as club:
            relay, worker = club.begin("relay"), club.begin("worker", "--subscriber", "activity")
            club.ready(relay, worker)
            done = 0
            for place in self._places:
                while done < place:
                    count = min(CHUNK, place - done)
                    done += count
                    _handle(club, count, done)
                self._memory[place] = _resident(relay, worker)
            stop(relay, worker)
            assert_applied_once(club.database, map(UUID, sent(club.database)))


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
