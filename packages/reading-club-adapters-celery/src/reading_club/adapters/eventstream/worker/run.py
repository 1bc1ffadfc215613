"""Runs a Celery worker in this process."""

import logging
from typing import Literal

from celery import Celery

Pool = Literal["prefork", "threads"]
"""Use one thread in place of ``solo``: on AMQP ``solo`` acknowledges only when Celery's event loop
wakes up, and handles two to four messages a second."""


def run_worker(
    app: Celery, *, pool: Pool = "prefork", concurrency: int | None = None, name: str | None = None
) -> int:
    """Run the app's worker until it is asked to stop, and return its exit code.

    The worker handles the process's signals: TERM and INT finish the running tasks and stop.
    Events, gossip, mingle and heartbeats between workers are off.
    """
    worker = app.Worker(
        pool_cls=pool,
        concurrency=concurrency,
        hostname=name,
        loglevel=logging.getLogger().level,  # Celery would set a default of its own
        task_events=False,
        without_gossip=True,
        without_heartbeat=True,
        without_mingle=True,
    )
    worker.start()
    return int(worker.exitcode or 0)
