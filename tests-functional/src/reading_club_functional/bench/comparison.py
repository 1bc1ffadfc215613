"""Comparisons of the club with a peer, measured in turns, and the results with their goals."""

from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

Envelope = Mapping[str, str]
"""An event as published."""
Measure = Callable[[], float]
"""Does the work once and returns the figure. Raises NotOnce unless each event arrived once."""
ROUNDS_QUICK = 3


@dataclass(frozen=True)
class Comparison:
    """A measure of the club, and a peer's measure of the same work."""

    name: str
    unit: str
    ours: Measure
    peer: Measure
    peer_name: str
    goal: float | None
    """The least ratio of the club's figure to the peer's; None for a figure without a goal."""
    at_most: bool = False
    """Whether the goal is the greatest ratio instead, as for times and sizes."""
    rounds: int = 5
    """The number of rounds; three at most in a quick run."""
    warm_up: bool = True
    """Whether the first round of both sides is discarded."""


@dataclass(frozen=True)
class Result:
    """The figures of a comparison, and whether its goal is met."""

    comparison: Comparison
    ours: Sequence[float]
    peer: Sequence[float]

    @property
    def ratio(self) -> float:
        """The median of the club's figures divided by the median of the peer's."""
        return median(self.ours) / median(self.peer)

    @property
    def met(self) -> bool | None:
        """Whether the ratio meets the goal; None if there is no goal."""
        goal = self.comparison.goal
        if goal is None:
            return None
        return self.ratio <= goal if self.comparison.at_most else self.ratio >= goal

    def as_json(self) -> dict[str, Any]:
        """Return the result as in latest.json."""
        return {
            "name": self.comparison.name,
            "ours": _summary(self.ours),
            "peer": _summary(self.peer),
            "peer_name": self.comparison.peer_name,
            "unit": self.comparison.unit,
            "ratio": round(self.ratio, 3),
            "goal": self.comparison.goal,
            "met": self.met,
        }

    def __str__(self) -> str:
        compared = self.comparison
        ours, peer = (
            "{median:,.4g} ({min:,.4g} to {max:,.4g})".format(**_summary(figures))
            for figures in (self.ours, self.peer)
        )
        return (
            f"{compared.name:26} ours {ours}, {compared.peer_name} {peer} "
            f"{compared.unit}: {self.ratio:.2f} ({self._verdict})"
        )

    @property
    def _verdict(self) -> str:
        compared = self.comparison
        if compared.goal is None:
            return "no goal"
        sign, verdict = "≤" if compared.at_most else "≥", "met" if self.met else "NOT MET"
        return f"{sign} {compared.goal:g}, {verdict}"


class SharedRuns:
    """Measures that read several figures of the same run: each figure of a run is read once."""

    def __init__(self, run: Callable[[], Mapping[str, float]]) -> None:
        self._run = run
        self._unread: dict[str, deque[float]] = defaultdict(deque)

    def measure(self, name: str) -> Measure:
        """Return a measure of the figure of this name; it runs again when all are read."""

        def read() -> float:
            if not self._unread[name]:
                for each, figure in self._run().items():
                    self._unread[each].append(figure)
            return self._unread[name].popleft()

        return read


def run(comparison: Comparison, *, quick: bool) -> Result:
    """Warm both sides up unless quick, then measure them in turns."""
    ours: list[float] = []
    peer: list[float] = []
    sides = [(ours, comparison.ours), (peer, comparison.peer)]
    if comparison.warm_up and not quick:
        for _, measure in sides:
            measure()
    for number in range(min(comparison.rounds, ROUNDS_QUICK) if quick else comparison.rounds):
        for figures, measure in sides if number % 2 == 0 else reversed(sides):
            figures.append(measure())
    return Result(comparison, ours, peer)


def _summary(figures: Sequence[float]) -> dict[str, float]:
    return {"median": median(figures), "min": min(figures), "max": max(figures)}
