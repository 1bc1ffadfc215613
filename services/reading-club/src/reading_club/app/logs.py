"""Logging, configured once a process: one line a record, ids as fields, nothing twice."""

import logging

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
OUR_LOGGERS = "reading_club"
LONGEST_VALUE = 300
"""Characters of a field."""

CELERY_TASKS = ("celery.worker.strategy", "celery.app.trace")
"""They tell of every single task that it came and went."""

_OF_EVERY_RECORD = frozenset(logging.makeLogRecord({}).__dict__) | {
    "message",
    "asctime",
    "taskName",
}


class FieldFormatter(logging.Formatter):
    """Puts the fields of the club's own records behind their message, as ``key=value``."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  # logging's name
        """Return the line; the traceback of a bug comes after it."""
        line = _printable(super().formatMessage(record).rstrip())
        if record.name.partition(".")[0] != OUR_LOGGERS:
            return line
        fields = (f"{k}={_value(v)}" for k, v in vars(record).items() if k not in _OF_EVERY_RECORD)
        return " ".join([line, *fields])


def _printable(text: str) -> str:
    """Escape what would break the line, or what a terminal would obey."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _value(value: object) -> str:
    """Return a value as one word, or quoted."""
    text = str(value)
    if len(text) > LONGEST_VALUE:
        text = f"{text[:LONGEST_VALUE]}…"
    plain = bool(text) and text.isprintable() and not any(c in text for c in " ='\"")
    return text if plain else repr(text)


def configure(level: str) -> None:
    """Send every record at this level or above to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(FieldFormatter(FORMAT))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
    for chatty in ("kombu", "amqp", "aiosqlite", "asyncio", "alembic", *CELERY_TASKS):
        logging.getLogger(chatty).setLevel(logging.WARNING)
