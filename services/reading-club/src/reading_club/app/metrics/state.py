"""The metrics that are read from the database, by the relay alone."""

import asyncio
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from typing import Any, Final

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from reading_club.app.metrics.names import NAMESPACE, Named
from reading_club.eventstream.ports.dead_letters import RELAY
from reading_club.eventstream.ports.statistics import StreamState

log = logging.getLogger(__name__)

CACHED: Final = 15.0
"""Seconds for which a scrape repeats the last answer of the database."""
REST: Final = 20.0
"""How many times as long as the queries took the answer is repeated, if that is longer: however
large the tables are, metrics take at most a twentieth of one connection."""
TIMEOUT: Final = 5.0
"""Seconds for the two queries."""

READABLE: Final = Named("stream_readable", "Whether the database has answered the last scrape.")
OLDEST: Final = Named(
    "outbox_oldest_seconds", "Age of the oldest event that is to be sent; 0 if there is none."
)
BLOCKED: Final = Named(
    "outbox_blocked_events", "Events whose subscriber's queue refuses them.", ("subscriber",)
)
LAG: Final = Named(
    "subscriber_lag_events", "Events that a subscriber has yet to receive.", ("subscriber",)
)
LAG_SECONDS: Final = Named(
    "subscriber_lag_seconds",
    "Age of the oldest event that a subscriber has yet to receive; 0 if there is none.",
    ("subscriber",),
)
DEAD_LETTERS: Final = Named(
    "subscriber_dead_letters", "Dead letters; the subscriber `relay` is for all.", ("subscriber",)
)
PAUSED: Final = Named("subscriber_paused", "1 for a paused subscriber, else 0.", ("subscriber",))
NAMES: Final = (READABLE, OLDEST, BLOCKED, LAG, LAG_SECONDS, DEAD_LETTERS, PAUSED)

Read = Callable[[], Coroutine[Any, Any, StreamState]]


class StreamStateCollector(Collector):
    """Reads the state of the stream at a scrape, and repeats it for CACHED seconds.

    Scrapes run in threads; ``read`` runs on the loop. Of concurrent scrapes one reads, and the
    others wait for it. A failure is repeated as well, so that an unavailable database is not asked
    at each scrape: only READABLE is exported then. ``clock`` returns monotonic seconds.
    """

    def __init__(
        self,
        read: Read,
        loop: asyncio.AbstractEventLoop,
        clock: Callable[[], float] = time.monotonic,
        timeout: float = TIMEOUT,
    ) -> None:
        self._read = read
        self._loop = loop
        self._clock = clock
        self._timeout = timeout
        self._lock = threading.Lock()
        self._state: StreamState | None = None
        self._until: float | None = None

    def describe(self) -> Iterable[Metric]:
        """Return the metrics without values: registering them reads nothing."""
        return [_family(named) for named in NAMES]

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics; wait for the database up to a timeout."""
        with self._lock:
            if self._until is None or self._clock() >= self._until:
                begun = self._clock()
                self._state = self._ask()
                now = self._clock()
                self._until = now + max(CACHED, REST * (now - begun))
            state = self._state
        yield _family(READABLE, {(): state is not None})
        if state is not None:
            yield from _families(state)

    def _ask(self) -> StreamState | None:
        query = asyncio.wait_for(self._read(), self._timeout)
        future = asyncio.run_coroutine_threadsafe(query, self._loop)
        try:
            return future.result(self._timeout + 1.0)
        except Exception as exc:  # noqa: BLE001  # any error is one of the database or of a stop
            log.warning("metrics without the database", extra={"error": type(exc).__name__})
            return None


def _family(named: Named, values: Mapping[Any, float] | None = None) -> Metric:
    name, description, labels = named
    family = GaugeMetricFamily(f"{NAMESPACE}_{name}", description, labels=labels)
    for label, value in (values or {}).items():
        family.add_metric(label, value)
    return family


def _families(state: StreamState) -> Iterator[Metric]:
    subscribers = [each for each in state.subscribers if each.name != RELAY]
    blocked = Counter({(each.name,): 0 for each in subscribers})
    for queue in state.backlog.blocked:
        blocked[queue.subscriber,] += queue.events
    yield _family(OLDEST, {(): state.backlog.oldest_seconds or 0.0})
    yield _family(BLOCKED, blocked)
    yield _family(LAG, {(each.name,): each.lag for each in subscribers})
    yield _family(LAG_SECONDS, {(each.name,): each.lag_seconds or 0.0 for each in subscribers})
    yield _family(DEAD_LETTERS, {(each.name,): each.dead_letters for each in state.subscribers})
    yield _family(PAUSED, {(each.name,): each.paused_since is not None for each in subscribers})
