"""Reports the result of each batch to the circuit breaker and the log."""

import logging
from collections.abc import Sequence
from typing import Final

from reading_club.eventstream.outbox.circuit_breaker import CircuitBreaker
from reading_club.eventstream.ports.outbox import ALL_SUBSCRIBERS, OutboxMessage
from reading_club.eventstream.ports.publisher import PublishResult

logger: Final = logging.getLogger(__name__)


class BatchReport:
    """Reports each batch to the breaker, and changes since the previous batch to the log.

    Only an outage opens the breaker; a queue that refuses events leaves it closed for the others.
    Such a queue is logged when its refusals begin or change their reason, and when they end.
    """

    def __init__(self, breaker: CircuitBreaker) -> None:
        self.breaker = breaker
        self._refusing: dict[str, str] = {}

    def add(self, events: Sequence[OutboxMessage], published: PublishResult) -> None:
        """Report a published batch."""
        self._report_outage(published)
        for event in events:
            if event.key in published.failed:
                logger.error(
                    "an event was refused",
                    extra={
                        "message_id": str(event.key.message_id),
                        "error": published.failed[event.key],
                    },
                )
        self._report_queues(events, published)

    def _report_outage(self, published: PublishResult) -> None:
        if published.outage is None:
            if not self.breaker.closed:
                logger.info("the broker is back")
            self.breaker.record_success()
            return
        if self.breaker.closed:
            error = type(published.outage).__name__
            logger.warning(
                "the broker is away", extra={"error": error, "reason": published.reason or error}
            )
        self.breaker.record_failure()

    def _report_queues(self, events: Sequence[OutboxMessage], published: PublishResult) -> None:
        """Log queues that begin or cease to refuse; a row for all subscribers names no queue."""
        refused = {
            key.subscriber: reason
            for key, reason in published.refused.items()
            if key.subscriber != ALL_SUBSCRIBERS
        }
        for subscriber, reason in refused.items():
            if reason != self._refusing.get(subscriber):
                fields = {"subscriber": subscriber, "reason": reason}
                logger.warning("a queue refuses events", extra=fields)
        taking = {e.key.subscriber for e in events if e.key in published.confirmed}
        for subscriber in (taking & set(self._refusing)) - set(refused):
            logger.info("a queue takes events again", extra={"subscriber": subscriber})
            del self._refusing[subscriber]
        self._refusing |= refused
