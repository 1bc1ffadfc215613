"""A circuit breaker: during an outage, one event at a time probes the broker."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator

from reading_club.eventstream.outbox.backoff import Backoff
from reading_club.eventstream.ports.metrics import NO_METRICS, BreakerState, SentBy, StreamMetrics
from reading_club.eventstream.ports.outbox import ALL_SUBSCRIBERS
from reading_club.eventstream.ports.publisher import PublishResult

logger = logging.getLogger(__name__)


class CircuitBreaker:
    """Closed: all events pass. Open: none. Half-open: one, which probes the broker.

    A failure opens the breaker for a pause that grows with each failed probe, up to a cap; after
    the pause it is half-open. A success closes it. Times are seconds of ``clock``.
    """

    def __init__(
        self,
        backoff: Backoff | None = None,
        clock: Callable[[], float] = time.monotonic,
        metrics: StreamMetrics = NO_METRICS,
    ) -> None:
        self._metrics = metrics
        self._state: BreakerState = "closed"
        metrics.breaker_changed("closed")
        self._backoff = backoff or Backoff(first=0.5, cap=5.0)
        self._clock = clock
        self._pauses: Iterator[float] | None = None
        self.open_until = 0.0
        """Time at which the breaker is no longer open; it may have passed."""

    @property
    def closed(self) -> bool:
        """Whether all events pass, as no outage is known."""
        return self._pauses is None

    @property
    def pause(self) -> float:
        """Seconds for which the breaker stays open; 0 if it is closed or half-open."""
        return max(0.0, self.open_until - self._clock())

    def permits(self, batch_size: int) -> int:
        """Return how many events of a batch may pass now: all, one or none."""
        if self.closed:
            return batch_size
        if not self.pause:
            self._change("half_open")
        return 0 if self.pause else 1

    def record_success(self) -> None:
        """Close the breaker: the broker takes events."""
        self._pauses, self.open_until = None, 0.0
        self._change("closed")

    def record_failure(self) -> None:
        """Open the breaker: the broker is unavailable."""
        self._pauses = self._pauses or self._backoff.delays()
        self.open_until = self._clock() + next(self._pauses)
        self._change("open")

    def _change(self, state: BreakerState) -> None:
        if state != self._state:
            self._state = state
            self._metrics.breaker_changed(state)


class BatchReport:
    """Reports each batch to breaker and metrics, and changes since the previous one to the log.

    Only an outage opens the breaker; a queue that refuses events leaves it closed for the others.
    Such a queue is logged when its refusals begin or change their reason, and when they end.
    """

    def __init__(
        self, breaker: CircuitBreaker, by: SentBy, metrics: StreamMetrics = NO_METRICS
    ) -> None:
        self.breaker = breaker
        self._by: SentBy = by
        self._metrics = metrics
        self._refusing: dict[str, str] = {}

    def add(self, published: PublishResult, ages: Iterable[float] = ()) -> None:
        """Report a published batch; ``ages`` are those of ``StreamMetrics.confirmed``."""
        if published.confirmed:
            self._metrics.confirmed(self._by, len(published.confirmed), ages)
        self._report_outage(published)
        for key, error in published.failed.items():
            fields = {"message_id": str(key.message_id), "error": error}
            logger.error("an event was refused", extra=fields)
        self._report_queues(published)

    def _report_outage(self, published: PublishResult) -> None:
        if published.outage is None:
            if not self.breaker.closed:
                logger.info("the broker is back")
            self.breaker.record_success()
            return
        if self.breaker.closed:
            error = type(published.outage).__name__
            fields = {"error": error, "reason": published.reason or error}
            logger.warning("the broker is away", extra=fields)
        self.breaker.record_failure()

    def _report_queues(self, published: PublishResult) -> None:
        """Log queues that begin or cease to refuse; a row for all subscribers names no queue."""
        refused = {key.subscriber: reason for key, reason in published.refused.items()}
        refused.pop(ALL_SUBSCRIBERS, None)
        for subscriber, reason in refused.items():
            if reason != self._refusing.get(subscriber):
                fields = {"subscriber": subscriber, "reason": reason}
                logger.warning("a queue refuses events", extra=fields)
        taking = {key.subscriber for key in published.confirmed}
        for subscriber in taking & (self._refusing.keys() - refused.keys()):
            logger.info("a queue takes events again", extra={"subscriber": subscriber})
            del self._refusing[subscriber]
        self._refusing |= refused
