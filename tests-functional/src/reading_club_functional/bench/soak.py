"""The memory of a relay and a worker, early and late in a long stream of events."""

from uuid import UUID

from reading_club_functional.bench.fresh import assert_once, fresh_club, stop
from reading_club_functional.bench.stage import Stage
from reading_club_functional.club import Club
from reading_club_functional.polling import eventually
from reading_club_functional.process import ClubProcess

EARLY, LATE = 20_000, 200_000
CHUNK = 5_000
"""Events that are committed at once, when the outbox is as good as empty."""
PATIENCE = 120.0
"""Seconds in which a chunk takes effect."""
MEBIBYTE = 2**20
COMMIT = """
WITH event AS (
    INSERT INTO messages (id, created_at, type, metadata, payload)
    SELECT md5('soak ' || n)::uuid, clock_timestamp(), 'reviewer_created_v1',
        '{{"name": "reviewer_created", "schema_version": 1, "published": true}}',
        json_build_object('id', md5('reviewer ' || n)::uuid, 'nickname', 'reader-' || n)
    FROM generate_series({first}, {last}) AS n
    RETURNING id
)
INSERT INTO outbox (message_id, subscriber, token, leased_until, attempts)
SELECT id, '', lpad('', 32, '0')::uuid, clock_timestamp(), 0 FROM event
"""
"""As a transaction of the club leaves them when its process has died: the relay sends them."""


class Soak:
    """One stream of events, and the memory at two places in it."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._memory: dict[int, float] = {}

    def early(self) -> float:
        """Return the MiB after a tenth of the events; the stream runs if it did not yet."""
        return self._at(self._stage.size(EARLY))

    def late(self) -> float:
        """Return the MiB after all events."""
        return self._at(self._stage.size(LATE))

    def _at(self, place: int) -> float:
        if place not in self._memory:
            self._run()
        return self._memory.pop(place)

    def _run(self) -> None:
        with fresh_club(self._stage) as club:
            relay, worker = club.begin("relay"), club.begin("worker", "--subscriber", "activity")
            club.ready(relay, worker)
            done = 0
            for place in (self._stage.size(EARLY), self._stage.size(LATE)):
                while done < place:
                    done = _pass(club, done, min(done + CHUNK, place))
                self._memory[place] = _resident(relay, worker)
            stop(relay)
            stop(worker)
            query = "SELECT id FROM messages WHERE type = 'reviewer_created_v1'"
            assert_once(club.database, [UUID(str(id_)) for (id_,) in club.database.rows(query)])


def _pass(club: Club, done: int, goal: int) -> int:
    """Commit events, wait until all so far have taken effect, and return how many these are."""
    club.database.rows(COMMIT.format(first=done + 1, last=goal))
    eventually(
        lambda: club.database.count("inbox") >= goal and not club.database.count("outbox"),
        within=PATIENCE,
        every=0.1,
    )
    return goal


def _resident(*processes: ClubProcess) -> float:
    """Return the MiB that the processes and all that they have started have in memory."""
    family = [each for process in processes for each in process.family()]
    return float(sum(each.memory_info().rss for each in family)) / MEBIBYTE
