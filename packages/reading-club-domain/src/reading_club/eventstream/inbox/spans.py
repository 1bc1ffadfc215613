"""The spans of handling: one of each attempt, and in a batch one of each message as well."""

from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar

from messagebus import Event
from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind

from reading_club.eventstream.context import context_of, handling
from reading_club.eventstream.subscriber import Subscriber
from reading_club.eventstream.tracing import (
    MessageOfSpan,
    Operation,
    current_span,
    ended,
    mark_failed,
    tracer,
)
from reading_club.eventstream.unit_of_work import StreamUnitOfWork, UnitOfWorkFactory

TResult = TypeVar("TResult")
Work = Callable[[UnitOfWorkFactory], Coroutine[Any, Any, TResult]]


class ProcessSpans:
    """The spans of a worker that handles the messages of one subscriber."""

    def __init__(self, subscriber: str) -> None:
        self.operation = Operation("process", SpanKind.CONSUMER, "", subscriber, subscriber)

    def consume_from(self, queue: str, system: str) -> None:
        """Name the queue and the broker, for spans from now on."""
        self.operation = replace(self.operation, destination=queue, system=system)

    def traced(self, messages: Sequence[object], work: Work[TResult]) -> Work[TResult]:
        """Return the work on the messages with a span of each of its attempts."""

        async def attempt(make_uow: UnitOfWorkFactory) -> TResult:
            with handling(messages), self._attempt(messages):
                return await work(make_uow)

        return attempt

    @contextmanager
    def _attempt(self, messages: Sequence[object]) -> Iterator[None]:
        is_on = tracer() is not None
        told = [MessageOfSpan.of(each, context_of(each)) for each in messages if is_on]
        with current_span(self.operation, told):
            if len(messages) == 1:
                yield
                return
            batch = _Batch(self.operation, tracer())
            token = _batch.set(batch)
            try:
                with ended(batch.spans):
                    yield
            finally:
                _batch.reset(token)


@dataclass
class _Batch:
    """The messages of one transaction, by the spans of those that were handled."""

    operation: Operation
    by: trace.Tracer | None
    spans: list[Span] = field(default_factory=list)

    def alone(self, message: object) -> AbstractContextManager[None]:
        """Handle a message in its own context and trace; its span ends with the transaction."""
        return handling([message]) if self.by is None else self._traced(message, self.by)

    @contextmanager
    def _traced(self, message: object, by: trace.Tracer) -> Iterator[None]:
        span = self.operation.start(by, [MessageOfSpan.of(message, context_of(message))])
        span.add_link(trace.get_current_span().get_span_context())
        self.spans.append(span)
        current = trace.use_span(span, record_exception=False, set_status_on_exception=False)
        with handling([message]), current:
            yield


_ALONE: Final = nullcontext()
_batch: Final = ContextVar[_Batch | None]("batch", default=None)


def mark_batch_failed(error: Exception) -> None:
    """Set the error's class on the spans of the batch and of its messages: all are rolled back."""
    batch = _batch.get()
    for span in (trace.get_current_span(), *(batch.spans if batch else ())):
        mark_failed(span, type(error).__name__)


async def handle(
    subscriber: Subscriber[Any, Any], event: Event, uow: StreamUnitOfWork, message: object
) -> None:
    """Call the subscriber's handler of the event, in a batch within a span of the event alone.

    ``message`` is the event as it was delivered.
    """
    batch = _batch.get()
    with _ALONE if batch is None else batch.alone(message):
        handler = subscriber.handlers.get(type(event), subscriber.handle)  # upcasts
        await handler(event, uow)
