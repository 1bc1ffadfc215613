"""The queued events of a sender, and what it counts: those in flight, and those that it leaves."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from reading_club.eventstream.ports.metrics import LeftBecause, StreamMetrics
from reading_club.eventstream.ports.outbox import OutboxMessage
from reading_club.eventstream.ports.publisher import PublishResult


class QueuedEvent(NamedTuple):
    """An event in the queue of a sender."""

    event: OutboxMessage
    until: float
    """Monotonic time at which half the lease is over, and the event is left to the relay."""


class SenderCounts:
    """Counts the events of one sender; ``queued`` returns how many wait in its queue."""

    def __init__(self, metrics: StreamMetrics, queued: Callable[[], int]) -> None:
        self._metrics = metrics
        self._queued = queued
        self._sending = 0
        metrics.watch_sender(self._in_flight)

    def _in_flight(self) -> int:
        return self._queued() + self._sending

    def left(self, reason: LeftBecause, events: int = 1) -> None:
        """Count events that are left to the relay, if there are any."""
        if events:
            self._metrics.left_to_relay(reason, events)

    @contextmanager
    def sending(self, events: int) -> Iterator[None]:
        """Count events as in flight during the block, and as left to the relay if it raises."""
        self._sending = events
        try:
            yield
        except Exception:
            self.left("failure", events)
            raise
        finally:
            self._sending = 0

    def unconfirmed(self, events: int, published: PublishResult) -> None:
        """Count those of the published events that were not confirmed."""
        reason: LeftBecause = "refused" if published.outage is None else "outage"
        self.left(reason, events - len(published.confirmed))
