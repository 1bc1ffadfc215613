"""Tapes: where a simulated run takes its decisions from."""

from collections.abc import Collection, Sequence
from random import Random
from typing import Final, NamedTuple, Protocol, TypeVar

T = TypeVar("T")

DELAYS: Final = ((0.80, 0.0), (0.92, 0.05), (0.98, 2.0), (1.0, 14.0))
"""Steps of a cumulative distribution, and the longest delay of each, in seconds. The longest one
exceeds every lease."""


class Tape(Protocol):
    """The decisions of one run. While it is ``calm``, there are no delays and no faults."""

    calm: bool

    def pick(self, ready: int) -> int:
        """Return which of the steps that are ready is next, from 0."""
        ...

    def delay(self) -> float:
        """Return for how many seconds an operation lasts; 0 for most of them."""
        ...

    def chance(self, probability: float) -> bool:
        """Return whether a fault of this probability happens now."""
        ...

    def choice(self, options: Sequence[T]) -> T:
        """Return one of the options."""
        ...

    def between(self, low: float, high: float) -> float:
        """Return a number of this range."""
        ...

    def bytes(self, count: int) -> bytes:
        """Return random bytes, of which the tokens of leases are made."""
        ...


class RandomTape:
    """All decisions are drawn by a pseudo-random generator with this seed."""

    def __init__(self, seed: int) -> None:
        self.calm = False
        self._random = Random(seed)  # noqa: S311  # it has to be repeatable

    def pick(self, ready: int) -> int:
        """Draw a step."""
        return int(self._random.random() * ready) if ready > 1 else 0

    def delay(self) -> float:
        """Draw a delay."""
        if self.calm:
            return 0.0
        drawn = self._random.random()
        longest = next(longest for below, longest in DELAYS if drawn < below)
        return longest * self._random.random()

    def chance(self, probability: float) -> bool:
        """Draw whether the fault happens; none does while it is calm."""
        return not self.calm and self._random.random() < probability

    def choice(self, options: Sequence[T]) -> T:
        """Draw an option."""
        return options[int(self._random.random() * len(options))]

    def between(self, low: float, high: float) -> float:
        """Draw a number."""
        return low + (high - low) * self._random.random()

    def bytes(self, count: int) -> bytes:
        """Draw bytes."""
        return self._random.randbytes(count)


class Deviation(NamedTuple):
    """What differs from the default order: at the step with this number, from 0."""

    step: int
    kind: str
    """``later``: the step after it comes first. ``stall``: it is taken when all leases have run
    out. ``crash``: its process dies in its place."""


class DeviatingTape(RandomTape):
    """The steps in the order in which they became ready, without faults, but for deviations."""

    def __init__(self, deviations: Collection[Deviation] = ()) -> None:
        super().__init__(0)
        self.deviations = {each.step: each.kind for each in deviations}
        self.possible: list[Deviation] = []
        """The deviations that were possible in this run."""

    def deviation(self, step: int, *, with_others: bool) -> str:
        """Return the kind of the deviation at a step, or an empty string."""
        kinds = ("later", "stall", "crash") if with_others else ("stall", "crash")
        self.possible += [Deviation(step, kind) for kind in kinds]
        return self.deviations.get(step, "")

    def pick(self, ready: int) -> int:  # noqa: ARG002  # the first, whatever their number
        """Return the first step."""
        return 0

    def delay(self) -> float:
        """Return 0: operations take no time."""
        return 0.0

    def chance(self, probability: float) -> bool:  # noqa: ARG002  # none, however probable
        """Return False: there are no faults but the deviations."""
        return False
