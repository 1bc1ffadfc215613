"""The counters, gauges and histograms of the event stream in one process."""

from typing import Final

from reading_club.app.metrics.names import Maker, Named

IN_FLIGHT: Final = Named(
    "events_in_flight", "Committed events that the sender has yet to get confirmed."
)
CONFIRMED: Final = Named(
    "events_confirmed", "Events that the broker has confirmed, by who sent them.", ("by",)
)
CONFIRM_SECONDS: Final = Named(
    "event_confirm_seconds",
    "Seconds from the commit of an event to the broker's confirm, by who sent it.",
    ("by",),
)
LEFT_TO_RELAY: Final = Named(
    "events_left_to_relay", "Events that the sender has left to the relay.", ("reason",)
)
BREAKER: Final = Named(
    "circuit_breaker_state",
    "1 for the state of the circuit breaker: closed, half_open or open.",
    ("state",),
)
OPENED: Final = Named(
    "broker_connections_opened",
    "Connections to the broker; each but the first of a process is a reconnect.",
)
LOST: Final = Named(
    "broker_connections_lost", "Connections to the broker that were lost or closed."
)
RESENT: Final = Named(
    "events_resent", "Missing events that the reconciler has sent again.", ("subscriber",)
)
DEAD_LETTERED: Final = Named(
    "events_dead_lettered",
    "Messages that became dead letters; the subscriber `relay` is for all.",
    ("subscriber", "type"),
)
HANDLED: Final = Named("events_handled", "Events that took effect.", ("subscriber", "type"))
EFFECT_SECONDS: Final = Named(
    "event_effect_seconds",
    "Seconds from the making of an event to its committed effect, between two wall clocks.",
    ("subscriber",),
)
DUPLICATES: Final = Named(
    "events_duplicate", "Copies of events that had taken effect before.", ("subscriber",)
)
FAILED_ATTEMPTS: Final = Named(
    "attempts_failed",
    "Attempts to handle an event that failed for a reason of its own, and were retried or were "
    "the last.",
    ("subscriber", "type"),
)
DEFERRED: Final = Named(
    "events_deferred", "Events put off, to be sent again by the relay.", ("subscriber",)
)


class StreamInstruments:
    """The instruments, on the registry of the maker."""

    def __init__(self, make: Maker) -> None:
        self.in_flight = make.gauge(IN_FLIGHT)
        self.confirmed = make.counter(CONFIRMED)
        self.confirm_seconds = make.seconds(CONFIRM_SECONDS)
        self.left_to_relay = make.counter(LEFT_TO_RELAY)
        self.breaker = make.gauge(BREAKER)
        self.opened = make.counter(OPENED)
        self.lost = make.counter(LOST)
        self.resent = make.counter(RESENT)
        self.dead_lettered = make.counter(DEAD_LETTERED)
        self.handled = make.counter(HANDLED)
        self.effect_seconds = make.seconds(EFFECT_SECONDS)
        self.duplicates = make.counter(DUPLICATES)
        self.failed_attempts = make.counter(FAILED_ATTEMPTS)
        self.deferred = make.counter(DEFERRED)
