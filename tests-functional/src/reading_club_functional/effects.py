"""Books, events and effects in a club's tables, and the assertion that they agree."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from reading_club_functional.cluster import SUBSCRIBER_NAMES, ClubCluster
from reading_club_functional.database import Database
from reading_club_functional.polling import NotInTime, eventually

CONSISTENCY_TIMEOUT = 120.0
"""Seconds: covers a sender's lease, a relay's lease, a reconnection and a busy machine."""


@dataclass(frozen=True)
class Effects:
    """The contents of the tables, by book where a table names one."""

    books: frozenset[UUID]
    recorded: int
    """The number of events in the message store."""
    activity: Counter[UUID]
    catalogue: Counter[UUID]
    receipts: Mapping[str, int]
    waiting: int
    """The number of rows in the outbox."""
    dead_letters: int
    attempts: int

    @property
    def is_quiescent(self) -> bool:
        """Whether outbox and attempts are empty and each inbox has an event per book."""
        everything = dict.fromkeys(SUBSCRIBER_NAMES, len(self.books))
        return not self.waiting and not self.attempts and self.receipts == everything

    def __str__(self) -> str:
        return (
            f"books {len(self.books)}, events {self.recorded}, "
            f"activity {self.activity.total()}, catalogue {self.catalogue.total()}, "
            f"inbox {dict(self.receipts)}, outbox {self.waiting}, "
            f"dead letters {self.dead_letters}, attempts {self.attempts}"
        )


def effects_of(database: Database) -> Effects:
    """Read the tables of a club in which BookRegistered is the only event.

    Outbox, attempts and inbox are read first: once they are settled, the rest is final.
    """
    waiting, attempts = database.count("outbox"), database.count("attempts")
    receipts = {
        name: database.count("inbox", f"subscriber = '{name}'") for name in SUBSCRIBER_NAMES
    }
    told = database.rows("SELECT payload FROM activity WHERE type = 'book_registered_v1'")
    return Effects(
        books=frozenset(_ids(database.rows("SELECT id FROM books"))),
        recorded=database.count("messages", "type = 'book_registered_v1'"),
        activity=Counter(UUID(json.loads(payload)["id"]) for (payload,) in told),
        catalogue=Counter(_ids(database.rows("SELECT book_id FROM catalogue"))),
        receipts=receipts,
        waiting=waiting,
        dead_letters=database.count("dead_letters"),
        attempts=attempts,
    )


def assert_consistent(
    club: ClubCluster, answered: Iterable[str] = (), *, within: float = CONSISTENCY_TIMEOUT
) -> Effects:
    """Wait until all is settled, at most `within` seconds, print the counts and assert them.

    Every book has one effect at each subscriber, every effect has a book, and the books in
    `answered`, ids that were answered with 201, are stored.
    """
    effects = _wait_until_quiescent(club, within)
    print(effects)
    once = Counter(effects.books)
    assert effects.books.issuperset(map(UUID, answered)), "a book that was answered 201 is lost"
    assert effects.recorded == len(effects.books)
    assert (effects.activity, effects.catalogue) == (once, once)
    assert effects.receipts == dict.fromkeys(SUBSCRIBER_NAMES, len(effects.books))
    assert (effects.waiting, effects.dead_letters, effects.attempts) == (0, 0, 0)
    return effects


def _wait_until_quiescent(club: ClubCluster, within: float) -> Effects:
    """Return the stable effects; after `within` s print the logs and return the last ones."""

    def quiescent() -> Effects | None:
        effects = effects_of(club.database)
        return effects if effects.is_quiescent else None

    try:
        return eventually(quiescent, within=within, every=0.25) or effects_of(club.database)
    except NotInTime:
        print(club.log_tails())
        return effects_of(club.database)


def _ids(rows: Iterable[tuple[Any, ...]]) -> Iterable[UUID]:
    return (UUID(str(id_)) for (id_,) in rows)
