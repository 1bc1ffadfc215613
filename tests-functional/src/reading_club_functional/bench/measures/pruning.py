"""Pruning: events that are sent and handled while millions of old rows are being deleted."""

from collections.abc import Iterator
from functools import partial
from time import perf_counter
from typing import Final
from uuid import UUID

from reading_club_functional.bench.backlog import INSERT_EVENTS
from reading_club_functional.bench.checks import NotOnce, assert_applied_once, sent
from reading_club_functional.bench.comparison import Comparison
from reading_club_functional.bench.environment import Environment, stop
from reading_club_functional.cluster import ClubCluster
from reading_club_functional.polling import eventually

OLD: Final = 10_000_000
"""Inbox rows that have expired; the relay deletes them as soon as it runs."""
EVENTS: Final = 40_000
"""They take effect before the old rows are gone, of which some 200,000 are deleted a second."""
CHUNK: Final = 1_000
"""Events of a transaction; the next one follows when all have taken effect."""
CHUNK_WITHIN: Final = 120.0
OLD_ROWS: Final = "subscriber = 'nobody'"


def comparisons(environment: Environment) -> Iterator[Comparison]:
    """Yield relay and worker beside the pruning, compared with the same without old rows."""
    events = environment.size(EVENTS)
    ours, peer = (
        partial(handle_beside, environment, events, old) for old in (environment.size(OLD), 0)
    )
    yield Comparison(
        "retention_running",
        "events/s",
        ours,
        peer,
        "nothing to prune",
        0.9,
        rounds=3,
        warm_up=False,
    )


def handle_beside(environment: Environment, events: int, old: int) -> float:
    """Return the events per second that relay and worker bring to effect.

    Raises NotOnce unless the pruning has begun before, and goes on until the last effect.
    """
    with environment.club(old=old) as club:
        relay, worker = club.begin("relay"), club.begin("worker", "--subscriber", "activity")
        club.ready(relay, worker)
        if old:
            eventually(lambda: club.database.count("inbox", OLD_ROWS) < old, within=CHUNK_WITHIN)
        before = club.database.count("inbox", OLD_ROWS)
        start = perf_counter()
        for done in range(0, events, CHUNK):
            _handle(club, done + CHUNK)
        seconds = perf_counter() - start
        if old and not 0 < club.database.count("inbox", OLD_ROWS) < before:
            raise NotOnce("the pruning did not go on from the first event to the last")
        stop(relay, worker)
        assert_applied_once(club.database, map(UUID, sent(club.database)))
    return events / seconds


def _handle(club: ClubCluster, total: int) -> None:
    """Commit events, and wait until `total` events have taken effect."""
    club.database.rows(INSERT_EVENTS.format(count=CHUNK))
    eventually(lambda: club.database.count("activity") >= total, within=CHUNK_WITHIN, every=0.02)
