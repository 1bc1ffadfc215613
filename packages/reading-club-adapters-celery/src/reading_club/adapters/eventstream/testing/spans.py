"""What tests of spans compare: contexts with a trace, and the ids of spans."""

from collections.abc import Sequence
from typing import Any, Final, Protocol
from uuid import uuid4

from reading_club.eventstream.context import MessageContext

SECRET: Final = "hunter2"


class EndedSpans(Protocol):
    """Returns the spans that have ended."""

    def __call__(self, *parents: int) -> Sequence[Any]:
        """Return the spans; each is a child of one of these requests, or a root for 0."""
        ...


def a_context(number: int) -> MessageContext:
    """Return the context of a message of the request with this trace and span."""
    return MessageContext(uuid4(), uuid4(), f"00-{number:032x}-{number:016x}-01")


def ids(span: Any) -> tuple[int, int]:
    """Return trace and span of a span, a link or a parent."""
    context = getattr(span, "context", span)
    return context.trace_id, context.span_id
