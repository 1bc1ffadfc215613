"""Drives production code through transitions of the model, and compares both after each."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from random import Random
from typing import NoReturn

from reading_club.testing.builders import an_event
from reading_club_functional.proof.driven import Driven, SteppedSender
from reading_club_functional.proof.exploration import Graph
from reading_club_functional.proof.guards import Size
from reading_club_functional.proof.model import Model
from reading_club_functional.proof.observation import Observation, of_code, of_model
from reading_club_functional.proof.paths import Paths
from reading_club_functional.proof.publishing import Step
from reading_club_functional.proof.states import State, canonical
from reading_club_functional.proof.stepping import stepping


class Different(Exception):
    """The code is in another state than the model after the last of these steps."""

    def __init__(self, steps: Sequence[Step], model: Observation | str, code: object) -> None:
        super().__init__(f"after {steps[-1]}: the model has {model}, the code {code}")
        self.steps, self.model, self.code = steps, model, code


class Conformance:
    """Executes transitions of a graph on production code; ``executed`` are their positions."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._known: dict[State, list[tuple[Step, State, State]]] = {}
        self.executed: set[int] = set()
        self.steps = 0
        """How many steps production code has taken for that."""

    def sample(self, of_each: int, seed: int) -> list[int]:
        """Return up to this number of transitions of each kind, drawn at random."""
        kinds = defaultdict[tuple[str, ...], list[int]](list)
        for number, (_, step, _) in enumerate(self._graph.edges):
            kinds[step.kind].append(number)
        random = Random(seed)  # noqa: S311  # no secret
        drawn = (random.sample(each, min(of_each, len(each))) for each in kinds.values())
        return [number for numbers in drawn for number in numbers]

    def run(self, wanted: Collection[int]) -> None:
        """Execute these transitions, with those on the way to them. Raises Different."""
        make = driven_systems(self._graph.model.size)
        for path in Paths(self._graph, wanted):
            driven = next(make)
            with stepping(driven.clock.seconds):
                self._follow(path, driven)

    def _follow(self, path: Sequence[int], driven: Driven) -> None:
        state, taken = self._graph.model.first, list[Step]()
        for number in path:
            _, step, target = self._graph.edges[number]
            step, after = self._concrete(state, step, self._graph.states[target])
            taken.append(step)
            take(driven, taken, state)
            if number not in self.executed:
                compare(driven, taken, after)
            state = after
            self.executed.add(number)
            self.steps += 1

    def _concrete(self, state: State, wanted: Step, target: State) -> tuple[Step, State]:
        """Return the step of this state that is the wanted one up to permutations."""
        if state not in self._known:
            self._known[state] = _steps(self._graph.model, state)
        for step, after, canon in self._known[state]:
            if step.kind == wanted.kind and canon == target:
                return step, after
        raise AssertionError(f"no {wanted} in {state}")


def _steps(model: Model, state: State) -> list[tuple[Step, State, State]]:
    return [(step, after, canonical(after)) for step, after in model.steps(state)]


def driven_systems(size: Size) -> Iterator[Driven]:
    """Yield any number of new systems, one after the other, with the same events."""
    events = [an_event() for _ in range(size.events)]
    sender = SteppedSender(_no_thread, _no_thread)
    while True:
        yield Driven(size, events, sender)


def take(driven: Driven, taken: Sequence[Step], state: State) -> None:
    """Take the last of the steps; raises Different if the code cannot take it in its state."""
    try:
        driven.take(taken[-1], state)
    except Exception as exc:
        raise Different(taken, "taken this step", f"raised {exc!r}") from exc


def compare(driven: Driven, taken: Sequence[Step], state: State) -> None:
    """Compare the code with the state of the model after these steps. Raises Different."""
    expected, found = of_model(state), of_code(driven)
    if expected != found:
        raise Different(taken, expected, found)


def _no_thread() -> NoReturn:
    raise AssertionError("the sender's thread is not started")
