"""What the metrics have in common: the beginning of their names, buckets, and bounded labels."""

from typing import Final, NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from reading_club.domain.messages import EVENTS
from reading_club.eventstream.wire import wire_type

NAMESPACE: Final = "reading_club"

BUCKETS: Final = (0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
"""Upper bounds in seconds: from 1 ms to 5 minutes."""

UNKNOWN: Final = "unknown"
"""The label of each type that this release does not know: a message may have any."""

EVENT_TYPES: Final = frozenset(wire_type(event) for event in EVENTS)


def bounded(type_: str) -> str:
    """Return the type of an event of this release, or UNKNOWN."""
    return type_ if type_ in EVENT_TYPES else UNKNOWN


class Named(NamedTuple):
    """The name of a metric without its namespace, its description and its labels."""

    name: str
    description: str
    labels: tuple[str, ...] = ()


class Maker:
    """Makes metrics on one registry; ``made`` are their names, by kind and in order."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self.made: list[tuple[str, Named]] = []

    def counter(self, named: Named) -> Counter:
        """Return a new counter."""
        self.made.append(("counter", named))
        return Counter(*named, namespace=NAMESPACE, registry=self._registry)

    def gauge(self, named: Named) -> Gauge:
        """Return a new gauge."""
        self.made.append(("gauge", named))
        return Gauge(*named, namespace=NAMESPACE, registry=self._registry)

    def seconds(self, named: Named) -> Histogram:
        """Return a new histogram of seconds."""
        self.made.append(("histogram", named))
        return Histogram(*named, namespace=NAMESPACE, registry=self._registry, buckets=BUCKETS)
