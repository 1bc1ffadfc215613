"""Logging configuration: one line a record, with extra fields as ``key=value``."""

import logging

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
OUR_LOGGERS = "reading_club"
LONGEST_VALUE = 300
"""Characters of a field's value; the rest is cut off."""

CELERY_TASKS = ("celery.worker.strategy", "celery.app.trace")
"""Celery's loggers that log each received and finished task at INFO."""

_OF_EVERY_RECORD = frozenset(logging.makeLogRecord({}).__dict__) | {
    "message",
    "asctime",
    "taskName",
}


class FieldFormatter(logging.Formatter):
    """Appends the extra fields of records from ``reading_club`` to the message as ``key=value``."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  # logging's name
        """Return the line with its fields; ``format`` appends a traceback below it."""
        line = printable(super().formatMessage(record).rstrip())
        if record.name.partition(".")[0] != OUR_LOGGERS:
            return line
        fields = (f"{k}={_value(v)}" for k, v in vars(record).items() if k not in _OF_EVERY_RECORD)
        return " ".join([line, *fields])


def printable(text: str) -> str:
    """Escape line breaks and control characters."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _value(value: object) -> str:
    """Return a value as text, in quotes unless it is one printable word without quote or ``=``."""
    text = str(value)
    if len(text) > LONGEST_VALUE:
        text = f"{text[:LONGEST_VALUE]}…"
    plain = bool(text) and text.isprintable() and not any(c in text for c in " ='\"")
    return text if plain else repr(text)


def configure(level: str) -> None:
    """Log to standard error at this level; talkative libraries at WARNING."""
    handler = logging.StreamHandler()
    handler.setFormatter(FieldFormatter(FORMAT))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
    for chatty in ("kombu", "amqp", "aiosqlite", "asyncio", "alembic", *CELERY_TASKS):
        logging.getLogger(chatty).setLevel(logging.WARNING)
