"""Compares production code with the model as far as that takes seconds."""

from functools import cache

from reading_club_functional.proof.conformance import Conformance, Different
from reading_club_functional.proof.exploration import Graph, explore
from reading_club_functional.proof.guards import Size
from reading_club_functional.proof.model import MIDDLE, SMALL, TWO_EVENTS, Model
from reading_club_functional.proof.walks import walk


def first_difference() -> str:
    """Return after which step the code differs from the model; empty if it does not.

    Random walks with two events come first, then transitions of each kind with one consumer and
    with two, and each in which an event is put off.
    """
    middle, small = Conformance(_graph(MIDDLE)), Conformance(_graph(SMALL))
    edges = enumerate(_graph(MIDDLE).edges)
    deferrals = [number for number, (_, step, _) in edges if step.action == "put off"]
    try:
        walk(TWO_EVENTS, walks=300, seed=1)
        small.run(small.sample(60, seed=7))
        middle.run({*middle.sample(10, seed=7), *deferrals})
    except Different as exc:
        return " ".join(exc.steps[-1].kind)
    return ""


@cache
def _graph(size: Size) -> Graph:
    return explore(Model(size))
