"""The fields of a record beside its message: what was passed, and whose message it is about."""

import logging
from collections.abc import Iterator
from typing import Final

from opentelemetry.trace import get_current_span

from reading_club.eventstream import context

OUR_LOGGERS: Final = "reading_club"
LONGEST_VALUE: Final = 300
"""Characters of a field's value; the rest is cut off."""

_OF_EVERY_RECORD: Final = frozenset(logging.makeLogRecord({}).__dict__) | {
    "message",
    "asctime",
    "taskName",
}


def is_ours(record: logging.LogRecord) -> bool:
    """Whether a logger of ``reading_club`` made the record: only ours have fields for people."""
    return record.name.partition(".")[0] == OUR_LOGGERS


def passed_fields(record: logging.LogRecord) -> Iterator[tuple[str, object]]:
    """Yield what was passed as ``extra``; nothing of other loggers, which may pass contents."""
    if is_ours(record):
        yield from ((k, v) for k, v in vars(record).items() if k not in _OF_EVERY_RECORD)


def context_fields() -> dict[str, str]:
    """Return the ids of the context of this task or thread, as far as there are any.

    ``causation_id`` is the id of the message that is being handled. Trace and span are those of
    the current span, or of the message if there is no span.
    """
    fields = dict(context.current().fields)
    traceparent = fields.pop("traceparent", "--")
    _, trace_id, span_id, *_ = traceparent.split("-")
    span = get_current_span().get_span_context()
    if span.is_valid:
        trace_id, span_id = f"{span.trace_id:032x}", f"{span.span_id:016x}"
    return {**fields, "trace_id": trace_id, "span_id": span_id} if trace_id else fields


def bounded(text: str) -> str:
    """Return the beginning of a long text."""
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"
