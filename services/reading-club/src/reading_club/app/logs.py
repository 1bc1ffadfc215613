"""Logging, configured once a process: one line a record, ids as fields, nothing twice."""

import logging

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"

CELERY_TASKS = ("celery.worker.strategy", "celery.app.trace")
"""They tell of every single task that it came and went."""


def configure(level: str) -> None:
    """Send every record at this level or above to standard error."""
    logging.basicConfig(level=level.upper(), format=FORMAT, force=True)
    logging.captureWarnings(capture=True)
    for chatty in ("kombu", "amqp", "aiosqlite", "asyncio", "alembic", *CELERY_TASKS):
        logging.getLogger(chatty).setLevel(logging.WARNING)
