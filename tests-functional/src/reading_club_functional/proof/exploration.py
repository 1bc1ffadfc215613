"""Breadth-first exploration of a model, up to the permutations of its parts."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from reading_club_functional.proof.guards import DELIVERED
from reading_club_functional.proof.model import Model, is_delivered, violations
from reading_club_functional.proof.publishing import Step
from reading_club_functional.proof.states import State, canonical

Story = Sequence[tuple[Step | None, State]]
"""States in their order, from the first one, each with the step before it."""


@dataclass(frozen=True)
class Violation:
    """An invariant that does not hold, and the shortest story that shows it."""

    invariant: str
    story: Story


@dataclass
class Graph:
    """All reachable states of a model, each once up to permutations, in order of discovery."""

    model: Model
    states: list[State] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    """The position of the state from which each state was discovered; -1 for the first one."""
    edges: list[tuple[int, Step, int]] = field(default_factory=list)
    """The transitions: state, step, and state after it."""
    violation: Violation | None = None

    def story(self, position: int) -> Story:
        """Return a shortest story that ends in this state."""
        way = [position]
        while (position := self.parents[position]) >= 0:
            way.append(position)
        way.reverse()
        taken = {(before, after): step for before, step, after in self.edges}
        steps = [None, *(taken[each] for each in pairwise(way))]
        return list(zip(steps, (self.states[each] for each in way), strict=True))

    def depth(self) -> int:
        """Return how many steps the last discovered state is away from the first one."""
        return len(self.story(len(self.states) - 1)) - 1

    def kinds(self) -> Counter[str]:
        """Return how many transitions there are of each action."""
        return Counter(step.action for _, step, _ in self.edges)


def explore(model: Model) -> Graph:
    """Return the graph of all reachable states; stop at the first state with a violation.

    Then look for states without a path to the delivery of all events.
    """
    graph = Graph(model, [canonical(model.first)], [-1])
    known = {graph.states[0]: 0}
    for position, state in enumerate(graph.states):  # it grows meanwhile
        for broken in violations(state, model.size.limit):
            graph.violation = Violation(broken, graph.story(position))
            return graph
        for step, after in _successors(model, state):
            number = known.setdefault(after, len(graph.states))
            if number == len(graph.states):
                graph.states.append(after)
                graph.parents.append(position)
            graph.edges.append((position, step, number))
    for position in _stuck(graph):
        graph.violation = Violation(DELIVERED, graph.story(position))
        break
    return graph


def _successors(model: Model, state: State) -> Iterator[tuple[Step, State]]:
    """Yield each different transition once, with a canonical state after it."""
    seen = set[tuple[object, ...]]()
    for step, after in model.steps(state):
        canon = canonical(after)
        if (key := (*step.kind, canon)) not in seen:
            seen.add(key)
            yield step, canon


def _stuck(graph: Graph) -> Iterator[int]:
    """Yield the states without a path to the delivery of all events, in order of discovery."""
    before: list[list[int]] = [[] for _ in graph.states]
    for source, _, target in graph.edges:
        before[target].append(source)
    found = [is_delivered(state) for state in graph.states]
    reached = [position for position, good in enumerate(found) if good]
    for position in reached:  # it grows meanwhile
        for source in before[position]:
            if not found[source]:
                found[source] = True
                reached.append(source)
    yield from (position for position, good in enumerate(found) if not good)
