"""The span of a batch that is sent."""

from collections.abc import Callable, Sequence

from celery import Celery
from opentelemetry.trace import SpanKind

from reading_club.adapters.eventstream.messaging_system import system_of
from reading_club.eventstream.ports.outbox import OutboxMessage
from reading_club.eventstream.ports.publisher import PublishResult
from reading_club.eventstream.tracing import (
    MessageOfSpan,
    Operation,
    current_span,
    mark_failed,
    tracer,
)

Publish = Callable[[Sequence[OutboxMessage]], PublishResult]


class SendSpans:
    """The spans of a publisher that sends to one exchange."""

    def __init__(self, app: Celery, exchange: str) -> None:
        self.operation = Operation("send", SpanKind.PRODUCER, system_of(app), exchange)

    def traced(self, events: Sequence[OutboxMessage], publish: Publish) -> PublishResult:
        """Publish the events in a span, which fails with the batch, or if an event is refused."""
        if not events or tracer() is None:
            return publish(events)
        told = [MessageOfSpan.of(event.envelope, event.context) for event in events]
        with current_span(self.operation, told) as span:
            result = publish(events)
            if span is not None and (error := _error_of(result)):
                mark_failed(span, error)
        return result


def _error_of(result: PublishResult) -> str:
    if result.outage is not None:
        return type(result.outage).__name__
    return "refused" if result.failed or result.refused else ""
