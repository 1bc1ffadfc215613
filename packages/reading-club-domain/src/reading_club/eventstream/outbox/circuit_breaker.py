"""A circuit breaker: during an outage, one event at a time probes the broker."""

import time
from collections.abc import Callable, Iterator

from reading_club.eventstream.outbox.backoff import Backoff


class CircuitBreaker:
    """Closed: all events pass. Open: none. Half-open: one, which probes the broker.

    A failure opens the breaker for a pause that grows with each failed probe, up to a cap; after
    the pause it is half-open. A success closes it. Times are seconds of ``clock``.
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
        """Whether all events pass, as no outage is known."""
        return self._pauses is None

    @property
    def pause(self) -> float:
        """Seconds for which the breaker stays open; 0 if it is closed or half-open."""
        return 0.0 if self.closed else max(0.0, self._until - self._clock())

    def permits(self, batch_size: int) -> int:
        """Return how many events of a batch may pass now: all, one or none."""
        if self.closed:
            return batch_size
        return 0 if self.pause else 1

    def record_success(self) -> None:
        """Close the breaker: the broker takes events."""
        self._pauses = None

    def record_failure(self) -> None:
        """Open the breaker: the broker is unavailable."""
        self._pauses = self._pauses or self._backoff.delays()
        self._until = self._clock() + next(self._pauses)
