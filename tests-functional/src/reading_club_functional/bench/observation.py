"""Observes what a measure runs in this process, as a process of the club observes itself."""

import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, TypeVar
from unittest.mock import patch

from opentelemetry import trace
from opentelemetry.instrumentation.asyncpg import AsyncPGInstrumentor

from reading_club.app.logs.json_lines import JSONFormatter
from reading_club.app.metrics.process import ProcessMetrics
from reading_club.app.metrics.server import metrics_of
from reading_club.app.settings import Settings
from reading_club.app.tracing_sdk import install
from reading_club_functional.telemetry import observed_settings

Observe = Callable[[str], AbstractContextManager[ProcessMetrics | None]]
"""Observes a role in this process during the block; None if nothing is observed."""
TMessage = TypeVar("TMessage")


def unobserved(_role: str) -> AbstractContextManager[None]:
    """Observe nothing."""
    return nullcontext()


@contextmanager
def observing(folder: Path, role: str) -> Iterator[ProcessMetrics]:
    """Log as JSON, serve metrics and record spans, SQL included, until the end of the block.

    Log and spans are files in `folder`. All of it is undone at the end, so that peers in this
    process are not observed.
    """
    settings = Settings.model_validate(observed_settings(folder, role))
    log = folder / f"{role}-{settings.metrics_port}.log"
    with (
        _logging(log, role),
        _tracing(settings.traces, role),
        metrics_of(settings, role) as metrics,
    ):
        assert metrics is not None
        yield metrics


def in_spans(handle: Callable[[TMessage], Awaitable[object]]) -> Callable[[TMessage], Any]:
    """Return the handler with a span around each call, as a request has one."""
    tracer = trace.get_tracer_provider().get_tracer("bench")

    async def handle_in_span(message: TMessage) -> object:
        with tracer.start_as_current_span("command"):
            return await handle(message)

    return handle_in_span


@contextmanager
def _logging(path: Path, role: str) -> Iterator[None]:
    root, handler = logging.getLogger(), logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(JSONFormatter(role))
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        yield
    finally:
        root.setLevel(level)
        root.removeHandler(handler)
        handler.close()


@contextmanager
def _tracing(traces: str, role: str) -> Iterator[None]:
    with patch.object(trace, "set_tracer_provider"):  # which works once in a process
        provider = install(traces, role, "")
    instrumentor: Any = AsyncPGInstrumentor  # not annotated
    with patch.object(trace, "get_tracer_provider", lambda: provider):
        try:
            yield
        finally:
            instrumentor().uninstrument()
            provider.shutdown()
