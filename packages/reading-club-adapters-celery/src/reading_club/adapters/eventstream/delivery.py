"""A message as it was delivered, and what has become of it so far."""

from dataclasses import dataclass


@dataclass
class Delivery:
    """One message in the hands of a worker."""

    message: object
    suspected: bool = False
    """Whether its handling may have been begun before, by a process that died of it."""
    number: int = 0
    """The attempts that are counted; 0 for a first one, which is counted only if it fails."""
    to_count: bool = False
    """Whether the next attempt is counted before it begins."""
    counted: bool = False
    """Whether the attempt that is under way was counted before it began."""
    stalled_at: float | None = None
    """When the last attempt before this delivery was counted or held up, by a monotonic clock."""
    begun: bool = False
    """Whether this process has begun an attempt: its next one need not wait for its time."""

    def __post_init__(self) -> None:
        self.to_count = self.suspected
