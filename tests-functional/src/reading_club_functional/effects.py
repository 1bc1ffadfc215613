"""The assertion that each event of a club took effect once, without faults that lose events."""

from collections.abc import Iterable
from uuid import UUID

from reading_club_functional.cluster import ClubCluster
from reading_club_functional.database import Database
from reading_club_functional.faults.checker import Observed, check
from reading_club_functional.faults.observation import read_tables
from reading_club_functional.polling import NotInTime, eventually

CONSISTENCY_TIMEOUT = 120.0
"""Seconds: covers a sender's lease, a relay's lease, a reconnection and a busy machine."""


def effects_of(database: Database, answered: Iterable[str] = ()) -> Observed:
    """Read the tables; the books in `answered` are ids that were answered with 201."""
    created = frozenset(map(UUID, answered))
    return Observed(begun=created, created=created, **vars(read_tables(database)))


def assert_consistent(
    club: ClubCluster, answered: Iterable[str] = (), *, within: float = CONSISTENCY_TIMEOUT
) -> Observed:
    """Wait until no event is in transit, at most `within` seconds, and check all invariants.

    The books in `answered`, ids that were answered with 201, are stored; every book has one effect
    at each subscriber, and every effect has a book. Raises InvariantViolation.
    """
    answered = [*answered]

    def quiescent() -> Observed | None:
        observed = effects_of(club.database, answered)
        return observed if observed.is_quiescent else None

    try:
        effects = eventually(quiescent, within=within, every=0.25)
    except NotInTime:
        print(club.log_tails())
        effects = effects_of(club.database, answered)
    assert effects is not None
    print(effects)
    check(effects)
    return effects
