"""A delivered message, and the state of its attempts."""

from dataclasses import dataclass


@dataclass
class Delivery:
    """One delivery of a message to a worker."""

    message: object
    suspected: bool = False
    """Whether an earlier attempt may have killed its worker."""
    number: int = 0
    """The attempts counted so far; a first attempt is counted only if it fails."""
    count_before: bool = False
    """Whether the next attempt is counted before it begins."""
    counted: bool = False
    """Whether the current attempt was counted before it began."""
    stalled_at: float | None = None
    """Monotonic time of the last counted attempt or stall before this delivery."""
    begun: bool = False
    """Whether this process has begun an attempt: the next one needs no pause before it."""

    def __post_init__(self) -> None:
        self.count_before = self.suspected
