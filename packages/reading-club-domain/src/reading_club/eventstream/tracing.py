"""Spans of OpenTelemetry, by its conventions for messaging.

A span is linked to each message that it is about, and is a child of the span that recorded the
message if that is the only one. Without an SDK nothing is done. An error is its class alone: its
text may repeat content.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Link, NonRecordingSpan, Span, SpanContext, SpanKind, TraceFlags

from reading_club.eventstream.context import MessageContext

NAME: Final = "reading_club.eventstream"
"""The instrumentation scope of the spans."""
_LONGEST_TYPE: Final = 200
_WITHOUT_SDK: Final = (trace.ProxyTracerProvider, trace.NoOpTracerProvider)


def tracer() -> trace.Tracer | None:
    """Return the tracer of the installed SDK, None without one."""
    provider = trace.get_tracer_provider()
    return None if isinstance(provider, _WITHOUT_SDK) else _tracer_of(provider)


@lru_cache(maxsize=1)
def _tracer_of(provider: trace.TracerProvider) -> trace.Tracer:
    return provider.get_tracer(NAME)


@dataclass(frozen=True)
class MessageOfSpan:
    """What a span tells of a message: its id and type, and the context of its headers."""

    id: str
    type: str
    context: MessageContext

    @classmethod
    def of(cls, envelope: object, context: MessageContext) -> "MessageOfSpan":
        """Return this of an envelope, or of anything else that was delivered."""
        fields = envelope if isinstance(envelope, Mapping) else {}
        id_, type_ = (str(fields.get(name, ""))[:_LONGEST_TYPE] for name in ("id", "type"))
        return cls(id_, type_, context)

    @property
    def attributes(self) -> dict[str, str]:
        """The attributes of the message, on its span or link."""
        conversation = self.context.correlation_id
        return {
            "messaging.message.id": self.id,
            "eventstream.message.type": self.type,
            **({"messaging.message.conversation_id": str(conversation)} if conversation else {}),
        }

    @property
    def recorded_by(self) -> SpanContext | None:
        """The span that recorded the message, if that is known."""
        text = self.context.traceparent
        if text is None:
            return None
        flags = TraceFlags(int(text[53:], 16))
        return SpanContext(int(text[3:35], 16), int(text[36:52], 16), True, flags)  # noqa: FBT003


@dataclass(frozen=True)
class Operation:
    """What is done with messages, as the conventions name it."""

    name: str
    kind: SpanKind
    system: str
    """The broker, such as ``rabbitmq``."""
    destination: str
    """The exchange or the queue."""
    subscriber: str = ""

    def start(self, tracer: trace.Tracer, messages: Sequence[MessageOfSpan]) -> Span:
        """Start a span of the messages."""
        only = messages[0] if len(messages) == 1 else None
        parent = None if only is None else only.recorded_by
        return tracer.start_span(
            f"{self.name} {self.destination}",
            Context() if parent is None else _in_context(parent),
            self.kind,
            {**self._attributes(len(messages)), **({} if only is None else only.attributes)},
            [Link(by, each.attributes) for each in messages if (by := each.recorded_by)],
        )

    def _attributes(self, count: int) -> dict[str, str | int]:
        return {
            "messaging.operation.name": self.name,
            "messaging.operation.type": self.name,
            "messaging.system": self.system,
            "messaging.destination.name": self.destination,
            **({"messaging.consumer.group.name": self.subscriber} if self.subscriber else {}),
            **({"messaging.batch.message_count": count} if count != 1 else {}),
        }


def _in_context(parent: SpanContext) -> Context:
    return trace.set_span_in_context(NonRecordingSpan(parent), Context())


@contextmanager
def current_span(operation: Operation, messages: Sequence[MessageOfSpan]) -> Iterator[Span | None]:
    """Make a span of the messages the current one during the block; None without an SDK."""
    if (by := tracer()) is None:
        yield None
        return
    span = operation.start(by, messages)
    with ended([span]), trace.use_span(span, record_exception=False, set_status_on_exception=False):
        yield span


@contextmanager
def ended(spans: Sequence[Span]) -> Iterator[None]:
    """End the spans with the block, each with the class of an error that ends the block.

    Spans may be added during the block.
    """
    try:
        yield
    except BaseException as exc:
        for span in spans:
            mark_failed(span, type(exc).__name__)
        raise
    finally:
        for span in spans:
            span.end()


def mark_failed(span: Span, error: str) -> None:
    """Set the status of a span to an error of this class."""
    span.set_status(trace.StatusCode.ERROR)
    span.set_attribute("error.type", error)
