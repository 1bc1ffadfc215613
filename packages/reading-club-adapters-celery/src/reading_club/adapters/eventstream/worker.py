"""Running a worker in this process."""

import logging
from typing import Literal

from celery import Celery

Pool = Literal["prefork", "threads"]
"""Not ``solo``: on AMQP its acknowledgements wait for the next wake-up of Celery's event loop,
and it handles two to four messages a second. One thread does what it is meant for."""


def run_worker(
    app: Celery, *, pool: Pool = "prefork", concurrency: int | None = None, name: str | None = None
) -> int:
    """Run the app's worker until it is asked to stop, and return its exit code.

    It takes over the process's signals: TERM and INT end what is at hand and stop. Workers
    tell each other nothing: no events, no gossip, no mingling, no heartbeats among them.
    """
    worker = app.Worker(
        pool_cls=pool,
        concurrency=concurrency,
        hostname=name,
        loglevel=logging.getLogger().level,  # Celery sets it, and knows a default of its own
        task_events=False,
        without_gossip=True,
        without_heartbeat=True,
        without_mingle=True,
    )
    worker.start()
    return int(worker.exitcode or 0)
