"""How long to wait before the next attempt."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Backoff:
    """Doubling delays in seconds up to a cap, each shortened by up to a half at random."""

    first: float = 0.1
    cap: float = 10.0
    jitter: Callable[[], float] = random.random
    """Returns a number from 0 to 1: how much of the half is taken off."""

    def delays(self) -> Iterator[float]:
        """Yield delays without an end."""
        delay = self.first
        while True:
            yield delay * (1 - self.jitter() / 2)
            delay = min(delay * 2, self.cap)
