"""Production code takes every transition of the model, and is in the same state after it."""

from pathlib import Path

import pytest

from reading_club_functional.proof.conformance import (
    Conformance,
    Different,
    compare,
    driven_systems,
)
from reading_club_functional.proof.exploration import Graph, explore
from reading_club_functional.proof.model import LARGE, MIDDLE, SMALL, TWO_EVENTS, Model
from reading_club_functional.proof.mutation import without
from reading_club_functional.proof.walks import walk

DOCS = (Path(__file__).parents[2] / "docs" / "proof.md").read_text(encoding="utf-8")

SEEN_IN_THE_SMALL_MODEL = (
    "inbox: a handled event is not handled again",
    "sender: only what is confirmed is deleted",
    "relay: an outage counts nothing",
    "attempts: counted before a redelivered message is handled",
    "attempts: an outage is not counted",
    "attempts: what an outage ended is taken back",
    "attempts: a late copy of a dead letter is not tried again",
    "refused by a queue: each subscriber has a row of its own",
    "refused by a queue: the sender does not leave it to the end of its lease",
    "lease: the token is checked by every finishing write, in memory",
    "lease: nobody claims what is leased, in memory",
    "outbox: the row is in the transaction, in memory",
    "dead letters: not for what has an inbox row, in memory",
    "reconciler: what is late is not sent again, in memory",
    "reconciler: what waits is not sent again, in memory",
)
SEEN_BY_WALKS = (
    "relay: only what is confirmed is deleted",
    "attempts: a failure is counted",
    "inbox: of two at once one takes effect, in memory",
)


@pytest.fixture(scope="module")
def small() -> Graph:
    """One event, two relays, one consumer, two faults."""
    return explore(Model(SMALL))


@pytest.fixture(scope="module")
def middle() -> Graph:
    """One event, one relay, two consumers, two faults."""
    return explore(Model(MIDDLE))


@pytest.mark.timeout(900)  # 20 s of work, on a machine that may have other work
def test_the_code_takes_each_transition_of_the_small_model(small: Graph) -> None:
    """N of N transitions are executed; the page has the number."""
    conformance = Conformance(small)

    conformance.run(range(len(small.edges)))

    number = len(conformance.executed)
    assert number == len(small.edges)
    assert f"{number:,} of {number:,} transitions executed on production code" in DOCS


def test_the_code_takes_transitions_of_each_kind_with_two_consumers(middle: Graph) -> None:
    """Of each kind ten transitions are drawn."""
    conformance = Conformance(middle)
    wanted = conformance.sample(10, seed=7)

    conformance.run(wanted)

    assert conformance.executed.issuperset(wanted)


def test_code_in_another_state_than_the_model_is_noticed() -> None:
    """Code that has taken no step is compared with the model after the commit."""
    model = Model(SMALL)
    step, committed = next(iter(model.steps(model.first)))

    assert step.action == "commit"
    with pytest.raises(Different):
        compare(next(driven_systems(SMALL)), [step], committed)


@pytest.mark.nightly
@pytest.mark.timeout(900)
def test_the_code_takes_transitions_of_each_kind_of_the_large_model() -> None:
    """Of each kind a hundred transitions are drawn."""
    conformance = Conformance(explore(Model(LARGE)))
    wanted = conformance.sample(100, seed=7)

    conformance.run(wanted)

    assert conformance.executed.issuperset(wanted)


def test_the_code_follows_random_walks_with_two_events(middle: Graph) -> None:
    """Batches of several rows: each action of the explored model is among the steps."""
    taken = walk(TWO_EVENTS, walks=300, seed=1)

    assert {kind[0] for kind in taken} >= {step.action for _, step, _ in middle.edges}


@pytest.mark.parametrize("guard", SEEN_IN_THE_SMALL_MODEL)
def test_code_without_a_guard_differs_from_the_small_model(guard: str, small: Graph) -> None:
    """The comparison notices the first transition that the guard is for."""
    with without(guard), pytest.raises(Different):
        Conformance(small).run(range(len(small.edges)))


@pytest.mark.parametrize("guard", SEEN_BY_WALKS)
def test_code_without_a_guard_differs_on_a_walk(guard: str) -> None:
    """These guards need several events, consumers or attempts."""
    with without(guard), pytest.raises(Different):
        walk(TWO_EVENTS, walks=300, seed=1)


def test_code_that_puts_off_what_is_done_differs(middle: Graph) -> None:
    """A consumer that waits in an outage looks whether another one has handled the event."""
    deferrals = [n for n, (_, step, _) in enumerate(middle.edges) if step.action == "put off"]

    Conformance(middle).run(deferrals)
    with without("put off: not what is done with, in memory"), pytest.raises(Different):
        Conformance(middle).run(deferrals)
