"""Serves the metrics of a process on a port of their own, in a thread."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import start_http_server

from reading_club.app.metrics.process import ProcessMetrics
from reading_club.app.settings import ConfigurationError, Settings


@contextmanager
def metrics_of(
    settings: Settings, role: str, subscriber: str = ""
) -> Iterator[ProcessMetrics | None]:
    """Yield the metrics of this process, served until the end of the block; None if they are off.

    Raises ConfigurationError for a port in use, and for a host that cannot be used.
    """
    if settings.metrics_port is None:
        yield None
        return
    metrics = ProcessMetrics(role, subscriber)
    try:
        server, thread = start_http_server(
            settings.metrics_port, settings.metrics_host, metrics.registry
        )
    except OSError as exc:
        raise _unusable(settings, exc) from exc
    try:
        yield metrics
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _unusable(settings: Settings, exc: OSError) -> ConfigurationError:
    if exc.errno == errno.EADDRINUSE:
        return ConfigurationError(
            f"port {settings.metrics_port} is in use: set READING_CLUB_METRICS_PORT to another one"
        )
    if exc.errno == errno.EACCES:
        return ConfigurationError(
            f"port {settings.metrics_port} is not permitted: set READING_CLUB_METRICS_PORT to "
            "another one"
        )
    return ConfigurationError(f"READING_CLUB_METRICS_HOST cannot be used: {settings.metrics_host}")
