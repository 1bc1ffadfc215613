"""The schedule of faults, determined by the seed alone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

PAUSE, LENGTH = (0.2, 1.5), (0.5, 4.0)
"""Ranges in seconds: the pause between two faults of one loop, and the length of a fault."""


@dataclass(frozen=True)
class Planned:
    """A scheduled fault."""

    pause: float
    """Seconds after the end of the previous fault."""
    name: str
    seconds: float
    seed: int
    """The seed of the fault's own random choices."""


def planned(names: Sequence[str], seed: str) -> Iterator[Planned]:
    """Yield faults without end, in rounds: each round has each fault once, in random order."""
    random = Random(seed)  # noqa: S311  # no secret
    while names:
        for name in random.sample(names, len(names)):
            pause, seconds = random.uniform(*PAUSE), random.uniform(*LENGTH)
            yield Planned(pause, name, seconds, random.getrandbits(32))
