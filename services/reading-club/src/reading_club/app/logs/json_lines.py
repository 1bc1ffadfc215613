"""Log records for programs: one JSON object a line, in ASCII."""

import logging
from datetime import UTC, datetime
from functools import partial
from math import isfinite
from typing import Any, Final

from structlog.processors import JSONRenderer
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict

from reading_club.app.logs.fields import bounded, context_fields, passed_fields

LONGEST_TEXT: Final = 8_000
"""Characters of a message or a traceback; the middle of a longer one is left out."""

_tracebacks: Final = logging.Formatter()


class JSONFormatter(ProcessorFormatter):
    """Formats each record of the standard library as a JSON object.

    It has ``timestamp``, in UTC, ``level``, ``logger``, ``event`` and, if the process has one,
    ``role``, whatever was passed under these names; then what was passed as ``extra``, the ids of
    the message or request at work, and ``exception``.
    """

    def __init__(self, role: str | None = None) -> None:
        super().__init__(processors=[partial(_fields, role), JSONRenderer()])


def _fields(role: str | None, _: Any, __: str, event: EventDict) -> EventDict:
    record: logging.LogRecord = event["_record"]
    made = datetime.fromtimestamp(record.created, UTC)
    always: EventDict = {
        "timestamp": made.isoformat(timespec="milliseconds"),
        "level": record.levelname.lower(),
        "logger": record.name,
        "event": _shortened(event["event"]),
    }
    if role:
        always["role"] = role
    passed = {name: _plain(value) for name, value in passed_fields(record)}
    fields = {**always, **passed, **always}
    for name, text in context_fields().items():
        fields.setdefault(name, text)
    if trace := event.get("exc_info"):
        fields["exception"] = _shortened(_tracebacks.formatException(trace))
    return fields


def _plain(value: object) -> object:
    """Return a number or a truth value as it is, and anything else as text of bounded length."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float) and isfinite(value):
        return value
    return bounded(str(value))


def _shortened(text: str) -> str:
    if len(text) <= LONGEST_TEXT:
        return text
    half = LONGEST_TEXT // 2
    return f"{text[:half]}\n…\n{text[-half:]}"
