"""Pairs of measures, taken in turns, and the results with their goals."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any

Envelope = Mapping[str, str]
"""An event as published."""
Measure = Callable[[], float]
"""Does the work once and returns the figure. Raises NotOnce unless each event arrived once."""


@dataclass(frozen=True)
class Pair:
    """A measure of the club, and a peer's measure of the same work."""

    name: str
    unit: str
    ours: Measure
    peer: Measure
    peer_name: str
    goal: float
    """The least ratio of the club's figure to the peer's."""
    at_most: bool = False
    """Whether the goal is the greatest ratio instead, as for times and sizes."""
    rounds: int = 5
    rounds_quick: int = 3
    warm_up: bool = True
    """Whether the first round of both sides is discarded."""


@dataclass
class Figures:
    """The figures of one side's rounds."""

    values: list[float] = field(default_factory=list)

    @property
    def summary(self) -> dict[str, float]:
        """Return median, minimum and maximum."""
        values = self.values
        return {"median": median(values), "min": min(values), "max": max(values)}

    def __str__(self) -> str:
        low, high = min(self.values), max(self.values)
        return f"{median(self.values):,.4g} ({low:,.4g} to {high:,.4g})"


@dataclass(frozen=True)
class Result:
    """The figures of a pair, and whether its goal is met."""

    pair: Pair
    ours: Figures
    peer: Figures

    @property
    def ratio(self) -> float:
        """The median of the club's figures divided by the median of the peer's."""
        return median(self.ours.values) / median(self.peer.values)

    @property
    def met(self) -> bool:
        """Whether the ratio meets the goal."""
        goal = self.pair.goal
        return self.ratio <= goal if self.pair.at_most else self.ratio >= goal

    def as_json(self) -> dict[str, Any]:
        """Return the result as in latest.json."""
        return {
            "name": self.pair.name,
            "ours": self.ours.summary,
            "peer": self.peer.summary,
            "peer_name": self.pair.peer_name,
            "unit": self.pair.unit,
            "ratio": round(self.ratio, 3),
            "goal": self.pair.goal,
            "met": self.met,
        }

    def __str__(self) -> str:
        sign = "≤" if self.pair.at_most else "≥"
        verdict = "met" if self.met else "NOT MET"
        return (
            f"{self.pair.name:26} ours {self.ours}, {self.pair.peer_name} {self.peer} "
            f"{self.pair.unit}: {self.ratio:.2f} ({sign} {self.pair.goal:g}, {verdict})"
        )


def run(pair: Pair, *, quick: bool) -> Result:
    """Warm both sides up unless quick, then measure them in turns."""
    ours, peer = Figures(), Figures()
    if pair.warm_up and not quick:
        pair.ours()
        pair.peer()
    for number in range(pair.rounds_quick if quick else pair.rounds):
        sides = [(ours, pair.ours), (peer, pair.peer)]
        for figures, measure in sides if number % 2 == 0 else reversed(sides):
            figures.values.append(measure())
    return Result(pair, ours, peer)
