"""Logging configuration: one line a record on standard error, as text or as a JSON object."""

import logging
from typing import Final, Literal, TextIO

from reading_club.app.logs import uncaught
from reading_club.app.logs.text import FORMAT, FieldFormatter

__all__ = ["FORMAT", "FieldFormatter", "LogFormat", "configure", "report_failure"]

LogFormat = Literal["text", "json"]

CELERY_TASKS: Final = ("celery.worker.strategy", "celery.app.trace")
"""Celery's loggers that log each received and finished task at INFO."""

log = logging.getLogger(__name__)


class StandardError(logging.StreamHandler[TextIO]):
    """Writes the log of this process to standard error."""


def configure(level: str, log_format: LogFormat = "text", role: str | None = None) -> None:
    """Log to standard error at this level; talkative libraries at WARNING.

    Warnings and uncaught exceptions are records as well. ``role`` is a field of each JSON line.
    """
    handler = StandardError()
    handler.setFormatter(_formatter(log_format, role))
    root = logging.getLogger()
    root.handlers[:] = [h for h in root.handlers if not isinstance(h, StandardError)]
    root.addHandler(handler)
    root.setLevel(level.upper())
    logging.captureWarnings(capture=True)
    for chatty in ("kombu", "amqp", "aiosqlite", "asyncio", "alembic", *CELERY_TASKS):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    uncaught.log_uncaught()


def report_failure(reason: str) -> bool:
    """Log, as JSON if that is configured, why the process ends; return False for text."""
    ours = [h for h in logging.getLogger().handlers if isinstance(h, StandardError)]
    if not ours or isinstance(ours[0].formatter, FieldFormatter):
        return False
    log.critical(reason)
    return True


def _formatter(log_format: LogFormat, role: str | None) -> logging.Formatter:
    if log_format == "text":
        return FieldFormatter(FORMAT)
    from reading_club.app.logs.json_lines import JSONFormatter

    return JSONFormatter(role)
