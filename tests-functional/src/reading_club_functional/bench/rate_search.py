"""The search for the highest rate at which a system keeps up."""

from collections.abc import Sequence
from math import inf, sqrt
from statistics import mean
from typing import Final

GROWTH: Final = 0.05
"""Seconds a second by which a lag may grow and still be called flat."""
PRECISION: Final = 1.06
"""The greatest ratio of the lowest rate that is too high to the highest flat one, at the end."""
STEP: Final = 1.3
"""The ratio of one rate to the next, until one is flat and one is too high."""
QUICK_STEPS: Final = 2
LEAST: Final = 1.0
"""Commands a second, below which the search is given up."""


def grows(samples: Sequence[tuple[float, float]]) -> bool:
    """Return whether a lag grows, of which there are pairs of time and lag in seconds.

    The means of the second and of the last quarter are compared: caches and batches need a while
    until they are as they stay.
    """
    size = len(samples) // 4
    before, last = samples[size : 2 * size], samples[-size:]
    time, lag = (mean(now[i] for now in last) - mean(then[i] for then in before) for i in (0, 1))
    return lag > GROWTH * time


class Search:
    """The rates that are still to be tried: up or down from the first, then between two."""

    def __init__(self, first: float) -> None:
        self.rate = first
        """The next rate to be tried."""
        self.highest = 0.0
        """The highest rate that was flat, 0 until one was."""
        self._too_high = inf
        self._steps = 0

    def ended(self, *, quick: bool) -> bool:
        """Return whether the highest flat rate is known, to 6 % unless quick."""
        if self.rate < LEAST:
            raise AssertionError("no rate is flat")
        known = bool(self.highest) and self._too_high / self.highest <= PRECISION
        return known or (quick and bool(self.highest) and self._steps >= QUICK_STEPS)

    def add(self, *, flat: bool) -> None:
        """Record what became of the lag at this rate, and choose the next one."""
        self._steps += 1
        if flat:
            self.highest = self.rate
        else:
            self._too_high = self.rate
        if not self.highest:
            self.rate = self._too_high / STEP
        elif self._too_high == inf:
            self.rate = self.highest * STEP
        else:
            self.rate = sqrt(self.highest * self._too_high)
