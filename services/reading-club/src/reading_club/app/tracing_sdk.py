"""What needs the extra ``tracing``: the SDK, its exporters, and the instrumentation of SQL."""

from collections.abc import Sequence
from importlib.metadata import version
from io import TextIOWrapper
from pathlib import Path
from typing import Any, Final

from opentelemetry import trace
from opentelemetry.instrumentation.asyncpg import AsyncPGInstrumentor
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import (
    BatchSpanProcessor,
    ConsoleSpanExporter,
    SimpleSpanProcessor,
    SpanExporter,
    SpanExportResult,
)

from reading_club.app.private_files import open_log

SECRET: Final = frozenset({"url.query", "url.full", "http.url", "http.target"})
"""Attributes that may hold the token of a link."""


def install(traces: str, role: str, subscriber: str) -> TracerProvider:
    """Install the SDK for this process, and let it trace SQL. Raises OSError for a file."""
    provider = TracerProvider(resource=_resource(role, subscriber), shutdown_on_exit=False)
    if traces == "otlp":
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        provider.add_span_processor(BatchSpanProcessor(WithoutContent(OTLPSpanExporter())))
    else:
        exporter = FileExporter(Path(traces.removeprefix("file:")))
        provider.add_span_processor(SimpleSpanProcessor(WithoutContent(exporter)))
    trace.set_tracer_provider(provider)
    instrumentor: Any = AsyncPGInstrumentor  # not annotated
    instrumentor().instrument(tracer_provider=provider)
    return provider


def _resource(role: str, subscriber: str) -> Resource:
    """Return what is said of the process in each span; the environment may say it otherwise."""
    ours = {
        "service.name": "reading-club",
        "service.version": version("reading-club"),
        "reading_club.role": role,
        **({"reading_club.subscriber": subscriber} if subscriber else {}),
    }
    return Resource.create(ours).merge(OTELResourceDetector().detect())


class FileExporter(ConsoleSpanExporter):
    """Appends spans to a file of mode 0600, a JSON object a line. Raises OSError."""

    def __init__(self, path: Path) -> None:
        out = TextIOWrapper(open_log(path), encoding="utf-8")
        super().__init__(out=out, formatter=lambda span: f"{span.to_json(indent=None)}\n")

    def shutdown(self) -> None:
        """Close the file."""
        self.out.close()


class WithoutContent(SpanExporter):
    """Exports spans without what may repeat content or secrets.

    These are the queries of URLs, and the texts of errors: the class of an error is kept. SQL that
    belongs to no request and no message, such as the relay's polling, is not exported.
    """

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Export the spans without their events, status descriptions and queries of URLs."""
        return self._exporter.export(
            [without_content(span) for span in spans if not _is_idle(span)]
        )

    def shutdown(self) -> None:
        """Shut the exporter down."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Flush the exporter."""
        return self._exporter.force_flush(timeout_millis)


def _is_idle(span: ReadableSpan) -> bool:
    return span.parent is None and "db.system" in (span.attributes or {})


def without_content(span: ReadableSpan) -> ReadableSpan:
    """Return the span without events, status description and secret attributes."""
    attributes = span.attributes or {}
    return ReadableSpan(
        name=span.name,
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes={name: of for name, of in attributes.items() if name not in SECRET},
        links=span.links,
        kind=span.kind,
        status=trace.Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )
