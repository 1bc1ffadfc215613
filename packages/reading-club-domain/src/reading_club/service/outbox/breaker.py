"""A circuit breaker: during an outage it lets a single event through now and then."""

import time
from collections.abc import Callable, Iterator

from reading_club.service.backoff import Backoff


class Breaker:
    """Closed, everything passes; open, nothing; half-open, one event that probes the broker.

    An outage opens it for a pause that grows with each failed probe, up to a cap; after the
    pause it is half-open. A success closes it. Seconds throughout, by ``clock``.
    """

    def __init__(
        self, backoff: Backoff | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._backoff = backoff or Backoff(first=0.5, cap=5.0)
        self._clock = clock
        self._pauses: Iterator[float] | None = None
        self._until = 0.0

    @property
    def closed(self) -> bool:
        """Whether no outage is known of."""
        return self._pauses is None

    @property
    def pause(self) -> float:
        """How long it stays open from now; 0 if something may pass."""
        return 0.0 if self.closed else max(0.0, self._until - self._clock())

    def allows(self, window: int) -> int:
        """Return how many events of a window may pass at this moment."""
        if self.closed:
            return window
        return 0 if self.pause else 1

    def succeeded(self) -> None:
        """Close it: the broker takes events."""
        self._pauses = None

    def failed(self) -> None:
        """Open it: the broker is away."""
        self._pauses = self._pauses or self._backoff.delays()
        self._until = self._clock() + next(self._pauses)
