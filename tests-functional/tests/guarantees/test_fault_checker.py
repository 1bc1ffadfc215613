"""The checker of random faults detects each kind of violation in a changed observation."""

from collections import Counter
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from reading_club_functional.faults.brokers import RABBITMQ, VALKEY
from reading_club_functional.faults.checker import InvariantViolation, Observed, check
from reading_club_functional.faults.postgresql import POSTGRESQL
from reading_club_functional.faults.processes import FAULTS
from reading_club_functional.faults.review_checker import ObservedReviews
from reading_club_functional.faults.runner import planned
from reading_club_functional.faults.sqlite import SQLITE

GOOD, OTHER, POISON, STRANGER = (UUID(int=number) for number in range(4))
NAMES = ("activity", "catalogue")
STORED = frozenset({GOOD, OTHER, POISON})
ONCE = Counter([GOOD, OTHER])
DEAD_LETTERS = {(name, POISON): "ZeroDivisionError: the handler fails" for name in NAMES}
HEALTHY = Observed(
    begun=STORED,
    created=STORED,
    wrong=(),
    poison=frozenset({POISON}),
    ended=(),
    books=STORED,
    events=Counter(STORED),
    effects=dict.fromkeys(NAMES, ONCE),
    rows=dict.fromkeys(NAMES, ONCE),
    receipts=dict.fromkeys(NAMES, frozenset({GOOD, OTHER})),
    dead_letters=DEAD_LETTERS,
    outbox=0,
    attempts=0,
    reviews=ObservedReviews(
        versions={GOOD: 1},
        events=Counter([GOOD]),
        recount={(GOOD, 7): 1},
        counted={(GOOD, 7): 1},
    ),
    versions={GOOD: 1},
)


def at(field: str, counts: Any) -> dict[str, Any]:
    """Return a change of one observed field for the catalogue alone."""
    return {field: {**getattr(HEALTHY, field), "catalogue": counts}}


def reviewed(**changes: Any) -> dict[str, Any]:
    """Return a change of the observed reviews."""
    return {"reviews": replace(HEALTHY.reviews, **changes)}


def also(book: UUID) -> Counter[UUID]:
    """Return the effects of a healthy club, and one more for `book`."""
    return ONCE + Counter([book])


def test_a_healthy_club_keeps_all_promises() -> None:
    """The observation of a healthy club, with dead letters for poison, has no violation."""
    check(HEALTHY)


@pytest.mark.parametrize(
    ("invariant", "detail", "change"),
    [
        ("answers", "neither 201 nor 503", {"wrong": ("500 Internal Server Error",)}),
        ("answers", "never answered", {"created": STORED - {GOOD}}),
        ("processes", "ended by themselves", {"ended": ("relay: exit code 1",)}),
        ("no loss", "answered, not stored", {"books": STORED - {GOOD}}),
        ("no loss", "stored without event", {"events": Counter(STORED - {GOOD})}),
        ("no loss", "no effect at catalogue", at("rows", Counter([GOOD]))),
        ("no loss", "not received by catalogue", at("receipts", frozenset({GOOD}))),
        ("no ghost", "events without book", {"events": Counter({*STORED, STRANGER})}),
        ("no ghost", "effects at catalogue", at("rows", also(STRANGER))),
        ("no ghost", "effects at catalogue", at("effects", also(STRANGER))),
        ("no ghost", "effects at catalogue", at("receipts", frozenset({GOOD, OTHER, STRANGER}))),
        ("no ghost", "poison handled by catalogue", at("rows", also(POISON))),
        ("no ghost", "poison handled by catalogue", at("receipts", STORED)),
        ("effect once", "several events", {"events": Counter([*STORED, GOOD])}),
        ("effect once", "rows of catalogue", at("rows", also(GOOD))),
        ("effect once", "applied by catalogue", at("effects", also(GOOD))),
        (
            "dead letters",
            "of events that are no poison",
            {"dead_letters": {**DEAD_LETTERS, ("activity", GOOD): "QueryCanceledError"}},
        ),
        (
            "poison is set aside",
            "without dead letter",
            {"dead_letters": {("activity", POISON): "ZeroDivisionError"}},
        ),
        ("no loss", "2 answered, 1 stored", {"versions": {GOOD: 2}}),
        ("one event a version", "reviews", reviewed(events=Counter())),
        ("one event a version", "reviews", reviewed(events=Counter([GOOD, GOOD]))),
        ("ratings equal a recount", "0 reviews of", reviewed(counted={})),
        ("ratings equal a recount", "2 reviews of", reviewed(counted={(GOOD, 7): 2})),
        ("at rest", "in outbox", {"outbox": 1}),
        ("at rest", "in attempts", {"attempts": 1}),
    ],
)
def test_a_broken_promise_is_seen(invariant: str, detail: str, change: dict[str, Any]) -> None:
    """The violation names the only difference from a healthy club."""
    with pytest.raises(InvariantViolation) as violation:
        check(replace(HEALTHY, **change))

    assert violation.value.invariant == invariant
    assert detail in violation.value.detail


@pytest.mark.parametrize("faults", [RABBITMQ, VALKEY, POSTGRESQL, SQLITE, FAULTS])
def test_a_seed_names_the_same_faults_again(faults: dict[str, Any]) -> None:
    """Each round has each fault once, in an order determined by the seed."""
    first, again, other = (planned(sorted(faults), seed) for seed in ("1", "1", "2"))
    taken = [next(first) for _ in faults]

    assert taken == [next(again) for _ in faults]
    assert {plan.name for plan in taken} == set(faults)
    assert taken != [next(other) for _ in faults]
