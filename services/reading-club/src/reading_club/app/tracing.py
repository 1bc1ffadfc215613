"""Traces of a process: OpenTelemetry's SDK, installed once, as READING_CLUB_TRACES says.

The SDK's own environment variables apply: OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_TRACES_SAMPLER, ….
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from reading_club.app.settings import ConfigurationError, Settings

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

FLUSH_TIMEOUT: Final = 5.0
"""Seconds for which the end of a process waits for its last spans to be exported."""
NOT_INSTALLED: Final = (
    "READING_CLUB_TRACES needs more packages: install reading-club with the extra tracing, "
    'as in pip install "reading-club[tracing]"'
)

WRONG_VARIABLE: Final = "READING_CLUB_TRACES: OpenTelemetry refuses the value of a variable OTEL_…"

log = logging.getLogger(__name__)


@contextmanager
def tracing(settings: Settings, role: str, subscriber: str = "") -> Iterator[None]:
    """Record and export the spans of this process during the block, and flush at its end.

    ``role`` and ``subscriber`` are attributes of the process in each span. Does nothing if traces
    are off. Raises ConfigurationError without the packages, or if the file cannot be written.
    """
    if settings.traces == "off":
        yield
        return
    provider = _install(settings.traces, role, subscriber)
    try:
        yield
    finally:
        _shut_down(provider)


def _install(traces: str, role: str, subscriber: str) -> "TracerProvider":
    try:
        from reading_club.app.tracing_sdk import install
    except ImportError as exc:
        raise ConfigurationError(NOT_INSTALLED) from exc
    try:
        return install(traces, role, subscriber)
    except ValueError as exc:
        raise ConfigurationError(WRONG_VARIABLE) from exc
    except OSError as exc:
        raise ConfigurationError(
            f"READING_CLUB_TRACES names a file that cannot be written: {exc.strerror}"
        ) from exc


def _shut_down(provider: "TracerProvider") -> None:
    """Export the last spans, for a bounded time: the collector may be away."""
    thread = threading.Thread(target=provider.shutdown, name="tracing-shutdown", daemon=True)
    thread.start()
    thread.join(FLUSH_TIMEOUT)
    if thread.is_alive():
        log.warning("the last spans were not exported in time")
