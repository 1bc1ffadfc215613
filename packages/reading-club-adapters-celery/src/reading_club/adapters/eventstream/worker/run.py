"""Runs a Celery worker in this process."""

import logging

from celery import Celery


def run_worker(app: Celery, *, concurrency: int | None = None, name: str | None = None) -> int:
    """Run the app's worker until it is asked to stop, and return its exit code.

    The pool has ``concurrency`` threads. The worker handles the process's signals: TERM and INT
    finish the running tasks and stop. Events, gossip, mingle and heartbeats between workers are
    off.
    """
    worker = app.Worker(
        # Batches need threads of this process. ``solo`` acknowledges on AMQP only when Celery's
        # event loop wakes up, and handles two to four messages a second.
        pool_cls="threads",
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
