"""The worker process: a Celery worker that consumes one subscriber's queue."""

import logging

from reading_club.app.bootstrap.worker import build_worker
from reading_club.app.keep_alive import alive_file, keeping_alive
from reading_club.app.metrics.server import metrics_of
from reading_club.app.settings import Settings
from reading_club.app.supervision.child import report_ready
from reading_club.app.tracing import tracing
from reading_club.eventstream.liveness import Liveness
from reading_club.eventstream.ports.metrics import NO_METRICS
from reading_club.service.subscribers import SUBSCRIBERS

log = logging.getLogger(__name__)


def work(settings: Settings, name: str, concurrency: int) -> None:
    """Handle the events of the subscriber with this name until SIGINT or SIGTERM.

    ``concurrency`` is the number of threads; with one, a redelivered message is tried alone.
    At the start, waits for an unavailable database. Raises ConfigurationError if this release
    does not work with the schema.
    """
    subscriber = next(s for s in SUBSCRIBERS if s.name == name)

    def on_ready() -> None:
        log.info("the worker is ready", extra={"subscriber": name})
        report_ready()

    liveness = Liveness(settings.stalled_after)
    alive = keeping_alive(liveness, alive_file(settings, "worker", name))
    with tracing(settings, "worker", name), alive, metrics_of(settings, "worker", name) as metrics:
        stream = NO_METRICS if metrics is None else metrics.stream
        build_worker(settings, subscriber, concurrency, on_ready, liveness, stream)()
