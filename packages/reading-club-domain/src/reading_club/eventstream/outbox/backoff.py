"""Exponential backoff with jitter."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Backoff:
    """Doubling delays in seconds up to a cap, each shortened by up to a half at random."""

    first: float = 0.1
    cap: float = 10.0
    jitter: Callable[[], float] = random.random
    """Returns a number from 0 to 1: each delay is multiplied by 1 - jitter / 2."""

    def delays(self) -> Iterator[float]:
        """Yield delays in seconds, without end."""
        delay = self.first
        while True:
            yield delay * (1 - self.jitter() / 2)
            delay = min(delay * 2, self.cap)
