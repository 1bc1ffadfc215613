"""Log records for people: one line a record, with extra fields as ``key=value``."""

import logging
from typing import Final

from reading_club.app.logs.fields import bounded, context_fields, is_ours, passed_fields
from reading_club.eventstream.printable import printable

FORMAT: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class FieldFormatter(logging.Formatter):
    """Appends the extra fields of records from ``reading_club`` to the message as ``key=value``.

    So is the correlation id of the message or request at work; traces are for programs.
    """

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  # logging's name
        """Return the line with its fields; ``format`` appends a traceback below it."""
        line = printable(super().formatMessage(record).rstrip())
        if not is_ours(record):
            return line
        fields = dict(passed_fields(record))
        if correlation_id := context_fields().get("correlation_id"):
            fields.setdefault("correlation_id", correlation_id)
        return " ".join([line, *(f"{name}={_value(value)}" for name, value in fields.items())])


def _value(value: object) -> str:
    """Return a value as text, in quotes unless it is one printable word without quote or ``=``."""
    text = bounded(str(value))
    plain = bool(text) and text.isprintable() and not any(c in text for c in " ='\"")
    return text if plain else repr(text)
