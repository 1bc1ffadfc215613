"""Which faults happen when: a function of the seed alone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

PAUSE, LENGTH = (0.2, 1.5), (0.5, 4.0)
"""Seconds between two faults of one lane, and of one fault."""


@dataclass(frozen=True)
class Planned:
    """A fault that is to come."""

    pause: float
    """Seconds after the end of the one before it."""
    name: str
    seconds: float
    seed: int
    """For what the fault itself leaves to chance."""


def planned(names: Sequence[str], seed: str) -> Iterator[Planned]:
    """Yield faults for ever, all of them once before one of them comes again."""
    random = Random(seed)  # noqa: S311  # no secret
    while names:
        for name in random.sample(names, len(names)):
            pause, seconds = random.uniform(*PAUSE), random.uniform(*LENGTH)
            yield Planned(pause, name, seconds, random.getrandbits(32))
