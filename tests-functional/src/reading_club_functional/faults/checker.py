"""The invariants after all faults, as pure functions of the observed answers and rows."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from reading_club_functional.faults.review_checker import (
    ObservedReviews,
    lost_versions,
    wrong_counts,
    wrong_events,
)

SHOWN = 5
MISSING, NOT_AT_REST = "no loss", "at rest"
NO_LETTER = "poison is set aside"
RECOUNT = "ratings equal a recount"
ON_THEIR_WAY = frozenset({MISSING, NOT_AT_REST, NO_LETTER, RECOUNT})
"""The invariants whose violation may disappear, because events are still in transit."""


class InvariantViolation(AssertionError):
    """An invariant of the club that was violated, and the details."""

    def __init__(self, invariant: str, detail: str) -> None:
        super().__init__(f"{invariant}: {detail}")
        self.invariant = invariant
        self.detail = detail


@dataclass(frozen=True)
class Observed:
    """The tables by book, the answers to clients and the ends of processes.

    All events but BookRegistered are in ``reviews``.
    """

    books: frozenset[UUID]
    events: Counter[UUID]
    """The number of events in the message store, by book."""
    effects: Mapping[str, Counter[UUID]]
    """For each subscriber, how often its table was changed for a book."""
    rows: Mapping[str, Counter[UUID]]
    """For each subscriber, the number of rows in its table, by book."""
    receipts: Mapping[str, frozenset[UUID]]
    """For each subscriber, the books whose event is in its inbox."""
    dead_letters: Mapping[tuple[str, UUID], str]
    """The error of each dead letter, by subscriber and book."""
    outbox: int
    attempts: int
    """Attempts at events."""

    begun: frozenset[UUID] = frozenset()
    """The books that clients have tried to register."""
    created: frozenset[UUID] = frozenset()
    """The books whose registration was answered with 201."""
    wrong: tuple[str, ...] = ()
    """The answers that are neither 201 nor 503."""
    poison: frozenset[UUID] = frozenset()
    """The books whose events cannot be handled."""
    ended: tuple[str, ...] = ()
    """The processes that ended unexpectedly."""
    reviews: ObservedReviews = field(default_factory=ObservedReviews)
    versions: Mapping[UUID, int] = field(default_factory=dict)
    """By review, the highest version that was answered with success."""

    def __str__(self) -> str:
        rows = {name: counts.total() for name, counts in self.rows.items()}
        inboxes = {name: len(books) for name, books in self.receipts.items()}
        return (
            f"books {len(self.books)}, events {self.events.total()}, rows {rows}, inbox {inboxes}, "
            f"outbox {self.outbox}, dead letters {len(self.dead_letters)}, attempts {self.attempts}"
        )

    @property
    def is_quiescent(self) -> bool:
        """Whether no event is in transit any more."""
        return not any(violation.invariant in ON_THEIR_WAY for violation in violations(self))


def check(observed: Observed) -> None:
    """Raise the first `InvariantViolation`, if there is one."""
    for violation in violations(observed):
        raise violation


def violations(observed: Observed) -> Iterator[InvariantViolation]:
    """Yield every violation."""
    yield from _answers(observed)
    yield from _lost(observed)
    yield from _ghosts(observed)
    yield from _doubles(observed)
    yield from _dead_letters(observed)
    yield from _reviews(observed)
    yield from _rest(observed)


def _answers(observed: Observed) -> Iterator[InvariantViolation]:
    """Each write is answered with 201 in the end, and before only with 503 or not at all."""
    yield from _some("answers", "neither 201 nor 503", observed.wrong)
    unanswered = observed.begun - observed.created if not observed.wrong else ()
    yield from _some("answers", "never answered with 201", unanswered)
    yield from _some("processes", "ended by themselves", observed.ended)


def _lost(observed: Observed) -> Iterator[InvariantViolation]:
    """A book answered with 201 is stored, and its event has its effect at each subscriber."""
    yield from _some(MISSING, "answered, not stored", observed.created - observed.books)
    yield from _some(MISSING, "stored without event", observed.books - observed.events.keys())
    healthy = observed.books - observed.poison
    for name, rows in observed.rows.items():
        yield from _some(MISSING, f"no effect at {name}", healthy - rows.keys())
        yield from _some(MISSING, f"not received by {name}", healthy - observed.receipts[name])


def _ghosts(observed: Observed) -> Iterator[InvariantViolation]:
    """Each event and effect belongs to a stored book; poison events have no effect."""
    yield from _some("no ghost", "events without book", observed.events.keys() - observed.books)
    for name, rows in observed.rows.items():
        seen = rows.keys() | observed.effects[name].keys()
        received = seen | observed.receipts[name]
        yield from _some("no ghost", f"effects at {name} without book", received - observed.books)
        yield from _some("no ghost", f"poison handled by {name}", received & observed.poison)


def _doubles(observed: Observed) -> Iterator[InvariantViolation]:
    """Each book has one event, applied once by each subscriber."""
    yield from _some("effect once", "several events", _several(observed.events))
    for name in observed.rows:
        yield from _some("effect once", f"rows of {name}", _several(observed.rows[name]))
        yield from _some("effect once", f"applied by {name}", _several(observed.effects[name]))


def _dead_letters(observed: Observed) -> Iterator[InvariantViolation]:
    """Each poison event has a dead letter per subscriber; all other events have none."""
    innocent = {
        f"{name}, {book}: {error}"
        for (name, book), error in observed.dead_letters.items()
        if book not in observed.poison
    }
    yield from _some("dead letters", "of events that are no poison", innocent)
    stored = observed.poison & observed.books
    expected = {(name, book) for name in observed.rows for book in stored}
    missing = {f"{n}, {b}" for n, b in expected - observed.dead_letters.keys()}
    yield from _some(NO_LETTER, "without dead letter", missing)


def _reviews(observed: Observed) -> Iterator[InvariantViolation]:
    """Each answered version is stored, with one event, and the catalogue counts the newest."""
    reviews = observed.reviews
    yield from _some(MISSING, "reviews", lost_versions(reviews, observed.versions))
    yield from _some("one event a version", "reviews", wrong_events(reviews))
    yield from _some(RECOUNT, "counts", wrong_counts(reviews))


def _rest(observed: Observed) -> Iterator[InvariantViolation]:
    """The outbox and the attempts of unfinished events are empty."""
    for table in ("outbox", "attempts"):
        if rows := getattr(observed, table):
            yield InvariantViolation(NOT_AT_REST, f"{rows} rows in {table}")


def _several(counts: Counter[UUID]) -> Collection[UUID]:
    return {book for book, count in counts.items() if count > 1}


def _some(invariant: str, what: str, found: Collection[object]) -> Iterator[InvariantViolation]:
    """Yield one violation if anything was found, with the number and the first of them."""
    if found:
        shown = ", ".join(sorted(map(str, found))[:SHOWN])
        yield InvariantViolation(invariant, f"{len(found)} {what}: {shown}")
