"""The metrics of one process: its registry, and what counts in it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version

from prometheus_client import (
    CollectorRegistry,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from reading_club.app.metrics.commands import CommandMetrics
from reading_club.app.metrics.names import Maker, Named
from reading_club.app.metrics.state import StreamStateCollector
from reading_club.app.metrics.stream import PrometheusStreamMetrics

INFO = Named(
    "process_info",
    "Always 1; the labels tell what the process does, and its release.",
    ("role", "subscriber", "release"),
)
STREAMS = Named("activity_streams_open", "Streams of the activity that clients have open.")
CONTENT_TYPE = CONTENT_TYPE_LATEST


class ProcessMetrics:
    """The registry of one process, without the default one of the library.

    ``role`` is ``web``, ``relay`` or ``worker``, and ``subscriber`` that of a worker.
    """

    def __init__(self, role: str, subscriber: str = "") -> None:
        self.registry = CollectorRegistry()
        self.make = Maker(self.registry)
        self.commands = CommandMetrics(self.make)
        self.stream = PrometheusStreamMetrics(self.make, time.time)
        self.streams = self.make.gauge(STREAMS)
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        release = version("reading-club")
        self.make.gauge(INFO).labels(role, subscriber, release).set(1)

    @contextmanager
    def exporting(self, collector: StreamStateCollector) -> Iterator[None]:
        """Export what the collector reads from the database as well, until the end of the block."""
        self.registry.register(collector)
        try:
            yield
        finally:
            self.registry.unregister(collector)

    def as_text(self) -> bytes:
        """Return all metrics in the text format of Prometheus, whose type is CONTENT_TYPE."""
        return generate_latest(self.registry)
