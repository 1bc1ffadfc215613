"""Reads a club's tables, and asserts that each event took effect once."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID

from reading_club_functional.cluster import ClubCluster
from reading_club_functional.database import Database
from reading_club_functional.faults.checker import Observed, check
from reading_club_functional.faults.review_checker import observe_reviews
from reading_club_functional.polling import NotInTime, eventually

CONSISTENCY_TIMEOUT = 120.0
"""Seconds: covers a sender's lease, a relay's lease, a reconnection and a busy machine."""
KEYS = {"activity": "id", "catalogue": "book_id"}
"""For each subscriber's table, the column with the id of the event or of the book."""
UNFINISHED_ATTEMPTS = (
    "SELECT count(*) FROM attempts AS a"
    " WHERE NOT EXISTS (SELECT 1 FROM inbox AS i"
    " WHERE i.subscriber = a.subscriber AND i.message_id = a.message_id)"
    " AND NOT EXISTS (SELECT 1 FROM dead_letters AS d"
    " WHERE d.subscriber = a.subscriber AND d.message_id = a.message_id)"
)
"""The number of attempts at unfinished events. A copy killed while another copy was handled leaves
its attempts, which retention removes."""
ATTEMPTS = "SELECT count(*) FROM attempts"
EVENTS = "SELECT id, payload->>'id' FROM messages WHERE type = 'book_registered_v1'"
RECEIVED = "SELECT message_id FROM inbox WHERE subscriber = '{name}'"
EFFECTS = "SELECT key FROM effects WHERE subscriber = '{name}'"
ROWS = "SELECT {key} FROM {name}"
DEAD_LETTERS = "SELECT subscriber, message_id, error FROM dead_letters"
SQLITE_TRIGGER = (
    "CREATE TRIGGER witness_{table}_{verb} AFTER {verb} ON {table} BEGIN"
    " INSERT INTO effects VALUES ('{table}', NEW.{key}); END"
)
POSTGRESQL_FUNCTION = (
    "CREATE FUNCTION witness_{table}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    " INSERT INTO effects VALUES ('{table}', NEW.{key}); RETURN NULL; END $$"
)
POSTGRESQL_TRIGGER = (
    "CREATE TRIGGER witness_{table}_{verb} AFTER {verb} ON {table}"
    " FOR EACH ROW EXECUTE FUNCTION witness_{table}()"
)


def count_effects(database: Database, *, sqlite: bool) -> None:
    """Create triggers that record each INSERT and UPDATE of a subscriber's table."""
    database.rows("CREATE TABLE effects (subscriber text, key text)")
    for table, key in KEYS.items():
        if not sqlite:
            database.rows(POSTGRESQL_FUNCTION.format(table=table, key=key))
        trigger = SQLITE_TRIGGER if sqlite else POSTGRESQL_TRIGGER
        for verb in ("INSERT", "UPDATE"):
            database.rows(trigger.format(table=table, key=key, verb=verb))


def observe(database: Database, *, under_faults: bool = False, **answers: Any) -> Observed:
    """Read the tables; outbox and attempts first: if they are empty, the rest is final.

    `answers` are the fields of the observation that are not in tables. Under faults, effects are
    counted by triggers, and attempts at finished events are not counted; else effects are rows.
    """
    outbox = database.count("outbox")
    ((attempts,),) = database.rows(UNFINISHED_ATTEMPTS if under_faults else ATTEMPTS)
    book_of = {UUID(str(id_)): UUID(book) for id_, book in database.rows(EVENTS)}
    reviews = observe_reviews(database)
    others = reviews.event_ids

    def by_subscriber(query: str) -> dict[str, Counter[UUID]]:
        return _by_subscriber(database, query, book_of, others)

    received = by_subscriber(RECEIVED)
    return Observed(
        books=frozenset(_ids(database.rows("SELECT id FROM books"))),
        events=Counter(book_of.values()),
        effects=by_subscriber(EFFECTS if under_faults else ROWS),
        rows=by_subscriber(ROWS),
        receipts={name: frozenset(books) for name, books in received.items()},
        dead_letters=_dead_letters(database, book_of),
        outbox=outbox,
        attempts=attempts,
        reviews=reviews,
        **answers,
    )


def wait_until_quiescent(
    club: ClubCluster, read: Callable[[], Observed], *, within: float
) -> Observed:
    """Read until no event is in transit, at most `within` seconds; return the last observation.

    If events are in transit until then, the ends of the logs are printed.
    """
    latest: list[Observed] = []

    def is_quiescent() -> bool:
        latest[:] = [read()]
        return latest[0].is_quiescent

    try:
        eventually(is_quiescent, within=within, every=0.25)
    except NotInTime:
        print(club.log_tails())
    return latest[0]


def assert_consistent(club: ClubCluster, answered: Iterable[str] = ()) -> Observed:
    """Wait until no event is in transit, and check all invariants.

    The books in `answered`, ids that were answered with 201, are stored; every book has one effect
    at each subscriber, and every effect has a book. Raises InvariantViolation.
    """
    created = frozenset(map(UUID, answered))
    observed = wait_until_quiescent(
        club,
        lambda: observe(club.database, begun=created, created=created),
        within=CONSISTENCY_TIMEOUT,
    )
    print(observed)
    check(observed)
    return observed


def _by_subscriber(
    database: Database, query: str, book_of: Mapping[UUID, UUID], others: Collection[UUID]
) -> dict[str, Counter[UUID]]:
    """Return how often a query gives the id of a book, or of its event, by subscriber and book.

    The ids of other events are left out.
    """
    found = {name: database.rows(query.format(name=name, key=key)) for name, key in KEYS.items()}
    return {
        name: Counter(book_of.get(key, key) for key in _ids(rows) if key not in others)
        for name, rows in found.items()
    }


def _dead_letters(database: Database, book_of: Mapping[UUID, UUID]) -> dict[tuple[str, UUID], str]:
    """Return the error of each dead letter, by subscriber and book."""
    found = ((name, UUID(str(id_)), error) for name, id_, error in database.rows(DEAD_LETTERS))
    return {(name, book_of.get(key, key)): error for name, key, error in found}


def _ids(rows: Iterable[tuple[Any, ...]]) -> Iterator[UUID]:
    return (UUID(str(id_)) for (id_,) in rows)
