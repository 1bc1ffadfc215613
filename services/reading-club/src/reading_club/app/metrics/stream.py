"""The metrics of the event stream in this process."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Final, get_args

from messagebus import Event

from reading_club.app.metrics.instruments import StreamInstruments
from reading_club.app.metrics.names import Maker, bounded
from reading_club.eventstream.ports.metrics import (
    BreakerState,
    LeftBecause,
    SentBy,
    StreamMetrics,
)
from reading_club.eventstream.wire import wire_type

STATES: Final[tuple[BreakerState, ...]] = get_args(BreakerState)


class PrometheusStreamMetrics(StreamMetrics):
    """Counts in the registry of the maker. ``clock`` returns wall time, in seconds since 1970."""

    def __init__(self, make: Maker, clock: Callable[[], float]) -> None:
        self._instruments = StreamInstruments(make)
        self._clock = clock
        self._types: dict[type[Event], str] = {}

    def watch_sender(self, in_flight: Callable[[], int]) -> None:
        """Read the number at each scrape; each reason to leave an event begins with 0."""
        self._instruments.in_flight.set_function(in_flight)
        for reason in get_args(LeftBecause):
            self._instruments.left_to_relay.labels(reason)

    def confirmed(self, by: SentBy, events: int, ages: Iterable[float]) -> None:
        """Count the events, and observe the ages."""
        self._instruments.confirmed.labels(by).inc(events)
        seconds = self._instruments.confirm_seconds.labels(by)
        for age in ages:
            seconds.observe(age)

    def left_to_relay(self, reason: LeftBecause, events: int) -> None:
        """Count the events."""
        self._instruments.left_to_relay.labels(reason).inc(events)

    def breaker_changed(self, state: BreakerState) -> None:
        """Set the gauge of this state to 1, and the others to 0."""
        for each in STATES:
            self._instruments.breaker.labels(each).set(each == state)

    def connection_opened(self) -> None:
        """Count the connection."""
        self._instruments.opened.inc()

    def connection_lost(self) -> None:
        """Count the connection."""
        self._instruments.lost.inc()

    def handled(self, subscriber: str, events: Sequence[Event], *, duplicates: int) -> None:
        """Count the events by their types, and observe the time since each was made.

        The time is between two wall clocks: that of the process that made the event, and this one.
        """
        now, instruments = self._clock(), self._instruments
        seconds = instruments.effect_seconds.labels(subscriber)
        for type_, number in Counter(map(self._type_of, events)).items():
            instruments.handled.labels(subscriber, type_).inc(number)
        for event in events:
            seconds.observe(max(0.0, now - event.created_at.timestamp()))
        if duplicates:
            instruments.duplicates.labels(subscriber).inc(duplicates)

    def attempt_failed(self, subscriber: str, type_: str) -> None:
        """Count the attempt."""
        self._instruments.failed_attempts.labels(subscriber, bounded(type_)).inc()

    def deferred(self, subscriber: str, events: int) -> None:
        """Count the events."""
        self._instruments.deferred.labels(subscriber).inc(events)

    def dead_lettered(self, subscriber: str, type_: str) -> None:
        """Count the message."""
        self._instruments.dead_lettered.labels(subscriber, bounded(type_)).inc()

    def resent(self, subscriber: str, events: int) -> None:
        """Count the events."""
        self._instruments.resent.labels(subscriber).inc(events)

    def _type_of(self, event: Event) -> str:
        kind = type(event)
        name = self._types.get(kind)
        if name is None:
            name = self._types[kind] = bounded(wire_type(event))
        return name
