"""The contexts of the messages that one transaction records."""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from messagebus import Message
from messagebus.domain.model import GenericCommand
from opentelemetry.trace import get_current_span

from reading_club.eventstream.context import MessageContext, current


class TransactionContexts(Mapping[UUID, MessageContext]):
    """The contexts of one transaction's messages by id, added in the order of handling.

    Without a current ``correlation_id``, it is the id of the transaction's first message. The cause
    of an event is the command that was handled before it, and that of a command the current one.
    """

    def __init__(self) -> None:
        self._contexts: dict[UUID, MessageContext] = {}
        self._inherited: MessageContext | None = None
        self._first: UUID | None = None

    def __getitem__(self, message_id: UUID) -> MessageContext:
        return self._contexts[message_id]

    def __iter__(self) -> Iterator[UUID]:
        return iter(self._contexts)

    def __len__(self) -> int:
        return len(self._contexts)

    def add(self, message: Message[Any]) -> None:
        """Keep the context of a message that was handled now."""
        self._first = self._first or message.message_id
        inherited = current()
        if inherited is not self._inherited:
            self._inherited = inherited
            self._context = MessageContext(
                inherited.correlation_id or self._first,
                inherited.causation_id,
                current_traceparent() or inherited.traceparent,
            )
            self._of_events = self._context
        if isinstance(message, GenericCommand):
            self._contexts[message.message_id] = self._context
            self._of_events = MessageContext(
                self._context.correlation_id, message.message_id, self._context.traceparent
            )
        else:
            self._contexts[message.message_id] = self._of_events


def current_traceparent() -> str | None:
    """Return the current span of OpenTelemetry as W3C Trace Context writes it, None without one."""
    span = get_current_span().get_span_context()
    if not span.is_valid:
        return None
    return f"00-{span.trace_id:032x}-{span.span_id:016x}-{span.trace_flags:02x}"
