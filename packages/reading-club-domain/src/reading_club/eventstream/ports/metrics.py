"""The port of the metrics: what sender, relay, workers and reconciler count and measure."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final, Literal

from messagebus import Event

SentBy = Literal["sender", "relay"]
"""Who sends events to the broker."""
LeftBecause = Literal["overflow", "outage", "refused", "failure"]
"""Why the sender leaves events to the relay: its queue is full or too slow, the broker is away, a
queue or the event itself is refused, or the sender has failed."""
BreakerState = Literal["closed", "half_open", "open"]
"""Whether all events pass, one probes the broker, or none passes."""


class StreamMetrics:
    """What a stream counts and measures of its work. This base class ignores all of it.

    Its methods return at once and raise nothing; any thread may call them. They are called once a
    batch. ``Iterable`` arguments are generators: an implementation that ignores them costs nothing.
    Times are seconds. A ``type`` is one on the wire, from any message: it may be of no known event.
    """

    def watch_sender(self, in_flight: Callable[[], int]) -> None:
        """Take the function that returns how many committed events the sender has yet to confirm.

        A later call replaces it: a forked process has a sender of its own.
        """

    def confirmed(self, by: SentBy, events: int, ages: Iterable[float]) -> None:
        """Count events that the broker confirmed.

        ``ages`` are the times from the commit to the confirm, of those for all subscribers: an
        event that is sent to one subscriber was deferred, re-sent or refused before.
        """

    def left_to_relay(self, reason: LeftBecause, events: int) -> None:
        """Count committed events that the sender leaves to the relay."""

    def breaker_changed(self, state: BreakerState) -> None:
        """Take the new state of the circuit breaker of this process."""

    def connection_opened(self) -> None:
        """Count a connection to the broker; each but the first of a process is a reconnect."""

    def connection_lost(self) -> None:
        """Count a connection to the broker that was dropped, after an error or at the end."""

    def handled(self, subscriber: str, events: Sequence[Event], *, duplicates: int) -> None:
        """Count events whose effect is committed by now, and copies that had no effect."""

    def attempt_failed(self, subscriber: str, type_: str) -> None:
        """Count an attempt to handle an event that has failed because of the event itself."""

    def deferred(self, subscriber: str, events: int) -> None:
        """Count events that the relay sends to this subscriber again later."""

    def dead_lettered(self, subscriber: str, type_: str) -> None:
        """Count a message that was given up; ``dead_letters.RELAY`` for one to all subscribers."""

    def resent(self, subscriber: str, events: int) -> None:
        """Count missing events that the reconciler has put into the outbox."""


NO_METRICS: Final = StreamMetrics()
"""Ignores everything."""
