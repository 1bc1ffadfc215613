"""Metrics that record what a stream tells them."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence

from messagebus import Event

from reading_club.eventstream.ports.metrics import (
    BreakerState,
    LeftBecause,
    SentBy,
    StreamMetrics,
)


class RecordingMetrics(StreamMetrics):
    """Counts in ``counts``, by the method's name and its labels; the rest are lists."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, ...]] = Counter()
        self.ages: defaultdict[str, list[float]] = defaultdict(list)
        self.states: list[BreakerState] = []
        self.events: list[Event] = []
        self.in_flight: Callable[[], int] = int

    def watch_sender(self, in_flight: Callable[[], int]) -> None:
        """Keep the function."""
        self.in_flight = in_flight

    def confirmed(self, by: SentBy, events: int, ages: Iterable[float]) -> None:
        """Count the events, and keep their ages."""
        self.counts["confirmed", by] += events
        self.ages[by] += ages

    def left_to_relay(self, reason: LeftBecause, events: int) -> None:
        """Count the events."""
        self.counts["left_to_relay", reason] += events

    def breaker_changed(self, state: BreakerState) -> None:
        """Keep the state."""
        self.states.append(state)

    def connection_opened(self) -> None:
        """Count the connection."""
        self.counts[("connection_opened",)] += 1

    def connection_lost(self) -> None:
        """Count the connection."""
        self.counts[("connection_lost",)] += 1

    def handled(self, subscriber: str, events: Sequence[Event], *, duplicates: int) -> None:
        """Count the events and the copies, and keep the events."""
        self.counts["handled", subscriber] += len(events)
        self.counts["duplicates", subscriber] += duplicates
        self.events += events

    def attempt_failed(self, subscriber: str, type_: str) -> None:
        """Count the attempt."""
        self.counts["attempt_failed", subscriber, type_] += 1

    def deferred(self, subscriber: str, events: int) -> None:
        """Count the events."""
        self.counts["deferred", subscriber] += events

    def dead_lettered(self, subscriber: str, type_: str) -> None:
        """Count the message."""
        self.counts["dead_lettered", subscriber, type_] += 1

    def resent(self, subscriber: str, events: int) -> None:
        """Count the events."""
        self.counts["resent", subscriber] += events
