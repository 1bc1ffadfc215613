"""Systematic search: each run of a small scenario with up to a number of deviations."""

from collections.abc import Iterator
from itertools import combinations
from typing import Final

from reading_club_functional.simulation.runner import Result, run
from reading_club_functional.simulation.tape import DeviatingTape, Deviation

KINDS: Final = ("later", "stall", "crash")


def deviations(scenario: str, most: int) -> Iterator[tuple[Deviation, ...]]:
    """Yield all sets of up to ``most`` deviations that are possible in the run without any.

    Two deviations are never at the same step. After the first one a run has other steps, and may
    have more: numbers beyond those of the default run are not tried.
    """
    tape = DeviatingTape()
    run(scenario, tape)
    for number in range(most + 1):
        for chosen in combinations(tape.possible, number):
            if len({one.step for one in chosen}) == number:
                yield chosen


def parsed(text: str) -> tuple[Deviation, ...]:
    """Return the deviations in a text such as ``12:crash,40:later``. Raises ValueError."""
    chosen = []
    for part in filter(None, text.split(",")):
        step, _, kind = part.partition(":")
        if kind not in KINDS:
            raise ValueError(f"{part!r} is no deviation: NUMBER:KIND, of {', '.join(KINDS)}")
        chosen.append(Deviation(int(step), kind))
    return tuple(chosen)


def written(chosen: tuple[Deviation, ...]) -> str:
    """Return deviations as ``parsed`` reads them."""
    return ",".join(f"{each.step}:{each.kind}" for each in chosen)


def run_with(scenario: str, chosen: tuple[Deviation, ...]) -> Result:
    """Run a scenario with these deviations from the default order."""
    return run(scenario, DeviatingTape(chosen))
