"""Exploration of a model with millions of states: of each one a fingerprint is kept.

A fingerprint has 64 bits. Of a hundred million states two have the same one with a probability of
less than one in a thousand; one of them would not be explored.
"""

from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from reading_club_functional.proof.exploration import Story, Violation
from reading_club_functional.proof.guards import DELIVERED
from reading_club_functional.proof.model import Model, is_delivered, violations
from reading_club_functional.proof.publishing import Step
from reading_club_functional.proof.states import State, canonical


@dataclass
class CompactGraph:
    """The reachable states of a model, by fingerprint, up to permutations; no state is kept."""

    model: Model
    numbers: dict[int, int] = field(default_factory=dict)
    """The number of each fingerprint, in order of discovery."""
    parents: "array[int]" = field(default_factory=lambda: array("I"))
    sources: "array[int]" = field(default_factory=lambda: array("I"))
    targets: "array[int]" = field(default_factory=lambda: array("I"))
    """Both ends of each transition to another state; those of the same ends are one."""
    delivered: bytearray = field(default_factory=bytearray)
    """Whether all is delivered in a state, and later whether a path leads to such a state."""
    depth: int = 0
    violation: Violation | None = None

    def story(self, number: int) -> Story:
        """Return a shortest story that ends in this state, by taking its steps again."""
        way = [number]
        while way[-1]:
            way.append(self.parents[way[-1]])
        told: list[tuple[Step | None, State]] = [(None, canonical(self.model.first))]
        for wanted in reversed(way[:-1]):
            steps = ((step, canonical(after)) for step, after in self.model.steps(told[-1][1]))
            told.append(next(each for each in steps if self.numbers[hash(each[1])] == wanted))
        return told


def explore_compactly(
    model: Model, tell: Callable[[CompactGraph, int], None] = lambda _, __: None
) -> CompactGraph:
    """Return the graph of all reachable states; stop at the first state with a violation.

    ``tell`` is called before each depth, with the number of states that are new there.
    """
    graph, first = CompactGraph(model), canonical(model.first)
    graph.numbers[hash(first)] = 0
    graph.parents.append(0)
    found: Sequence[State] = [first]
    while found and graph.violation is None:
        tell(graph, len(found))
        graph.depth += 1
        found = list(_next_depth(graph, found))
    graph.depth -= 1
    if graph.violation is None:
        _go_back(graph)
        if (stuck := graph.delivered.find(0)) >= 0:
            graph.violation = Violation(DELIVERED, graph.story(stuck))
    return graph


def _next_depth(graph: CompactGraph, states: Sequence[State]) -> Iterator[State]:
    """Yield the states that are discovered from these ones."""
    numbers, model = graph.numbers, graph.model
    for state in states:
        number = len(graph.delivered)
        graph.delivered.append(is_delivered(state))
        for broken in violations(state, model.size.limit):
            graph.violation = Violation(broken, graph.story(number))
            return
        seen = {number}
        for _, after in model.steps(state):
            canon = canonical(after)
            target = numbers.setdefault(hash(canon), len(numbers))
            if target == len(graph.parents):
                graph.parents.append(number)
                yield canon
            if target not in seen:
                seen.add(target)
                graph.sources.append(number)
                graph.targets.append(target)


def _go_back(graph: CompactGraph) -> None:
    """Mark the states from which a path leads to the delivery of all events."""
    delivered, changed = graph.delivered, True
    while changed:
        changed = False
        for source, target in zip(reversed(graph.sources), reversed(graph.targets), strict=True):
            if delivered[target] and not delivered[source]:
                delivered[source] = changed = True
