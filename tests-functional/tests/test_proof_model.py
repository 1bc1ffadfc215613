"""The model of the event stream's protocol: its invariants hold, and each guard is needed."""

import re
from pathlib import Path

import pytest

from reading_club_functional.proof.compact import CompactGraph, explore_compactly
from reading_club_functional.proof.counterexamples import story_of
from reading_club_functional.proof.exploration import Graph, explore
from reading_club_functional.proof.guards import REMOVALS, Removal
from reading_club_functional.proof.model import LARGE, PAIR, SMALL, SMALL_PAIR, Model

DOCS = (Path(__file__).parents[2] / "docs" / "proof.md").read_text(encoding="utf-8")


def in_words(graph: Graph) -> str:
    """Return how large a graph is, as the page says it."""
    return f"{len(graph.states):,} states and {len(graph.edges):,} transitions"


def compactly_in_words(graph: CompactGraph) -> str:
    """Return how large a graph is, as the page says it."""
    return f"{len(graph.numbers):,} states and {len(graph.sources):,} transitions"


def test_each_invariant_holds_in_the_small_model() -> None:
    """The model is explored to its end; the page has its size."""
    graph = explore(Model(SMALL))

    assert graph.violation is None
    assert in_words(graph) in DOCS


@pytest.mark.nightly
@pytest.mark.timeout(900)  # a minute of work, on a machine that may have other work
def test_each_invariant_holds_in_the_large_model() -> None:
    """With two consumers and three faults, too; the page has its size."""
    graph = explore(Model(LARGE))

    assert graph.violation is None
    assert in_words(graph) in DOCS


def test_each_invariant_holds_with_two_events() -> None:
    """One consumer and one fault; the page has its size."""
    graph = explore_compactly(Model(SMALL_PAIR))

    assert graph.violation is None
    assert compactly_in_words(graph) in DOCS


@pytest.mark.nightly
@pytest.mark.timeout(3600)  # minutes of work, on a machine that may have other work
def test_each_invariant_holds_with_two_events_and_two_consumers() -> None:
    """With two faults, too; the page has its size."""
    graph = explore_compactly(Model(PAIR))

    assert graph.violation is None
    assert compactly_in_words(graph) in DOCS


@pytest.mark.parametrize("guard", ["token_checked", "reconciler"])
def test_fingerprints_are_as_good_as_states(guard: str) -> None:
    """The compact exploration finds as many states, and as short a story."""
    (removal,) = (each for each in REMOVALS if each.guard == guard)
    model = Model(removal.size_of(SMALL), removal.guards)
    told, compact = explore(model).violation, explore_compactly(model).violation

    assert len(explore_compactly(Model(SMALL)).numbers) == len(explore(Model(SMALL)).states)
    assert told is not None
    assert compact is not None
    assert compact.invariant == told.invariant
    assert len(compact.story) == len(told.story)


@pytest.mark.parametrize("removal", REMOVALS, ids=lambda removal: removal.guard)
def test_without_a_guard_its_invariant_is_violated(removal: Removal) -> None:
    """The shortest story is as long as the page says."""
    violation = explore(Model(removal.size_of(SMALL), removal.guards)).violation

    assert violation is not None
    assert violation.invariant == removal.invariant
    row = rf"\| {removal.words} \| {removal.invariant} \| {len(violation.story) - 1} \|"
    assert re.search(f"{row} `make prove GUARD={removal.guard}` \\|", DOCS)


def test_a_violation_is_told_as_a_story() -> None:
    """Each step is a sentence about a process that keeps its name."""
    (removal,) = (each for each in REMOVALS if each.guard == "token_checked")
    model = Model(removal.size_of(SMALL), removal.guards)
    violation = explore(model).violation

    assert violation is not None
    assert story_of(violation, model).splitlines() == [
        "  1. The web process commits event 1; its outbox row is leased to the sender.",
        "  2. The sender publishes its batch: confirmed.",
        "  3. Time passes: leases run out.",
        "  4. Relay 1 claims every row that is due.",
        "  5. The sender deletes the rows that it takes for confirmed.",
        "  Violated: a stale token changes nothing.",
    ]
