"""Random walks through a model that is too large to be explored, on production code as well."""

from collections import Counter
from random import Random

from reading_club_functional.proof.conformance import compare, driven_systems, take
from reading_club_functional.proof.guards import Size
from reading_club_functional.proof.model import Model, violations
from reading_club_functional.proof.publishing import Step
from reading_club_functional.proof.states import State
from reading_club_functional.proof.stepping import stepping

LONGEST = 80


def walk(size: Size, *, walks: int, seed: int) -> Counter[tuple[str, ...]]:
    """Take random steps, and compare after each; return how many there were of each kind.

    A step of the kind that was taken least often so far is chosen, so that rare ones are not
    missed. Raises Different, or AssertionError for an invariant that does not hold.
    """
    random = Random(seed)  # noqa: S311  # no secret
    model, taken_of = Model(size), Counter[tuple[str, ...]]()
    for driven, _ in zip(driven_systems(size), range(walks), strict=False):
        with stepping(driven.clock.seconds):
            state, taken = model.first, list[Step]()
            while len(taken) < LONGEST and (steps := _changing(model, state)):
                step, after = min(steps, key=lambda s: (taken_of[s[0].kind], random.random()))
                if random.random() < 1 / 2:
                    step, after = random.choice(steps)
                taken.append(step)
                take(driven, taken, state)
                compare(driven, taken, after)
                assert not list(violations(after, size.limit)), taken
                taken_of[step.kind] += 1
                state = after
    return taken_of


def _changing(model: Model, state: State) -> list[tuple[Step, State]]:
    return [(step, after) for step, after in model.steps(state) if after != state]
