"""Celery applications in processes that fork, and that have a log.

Internals of celery 5.7.0 that this file uses, with the test that fails if the internal changes:

- ``Celery._after_fork``, which Celery calls for processes of multiprocessing alone: forgets the
  app's pools. ``test_a_fork_opens_connections_of_its_own``
- ``apps.worker.safe_say``, by which a worker prints to ``sys.__stdout__``, if there is one, that it
  is asked to stop. ``test_a_worker_prints_nothing_past_the_log``
"""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from weakref import ref

from celery import Celery, signals
from kombu import pools


def reconnect_after_forks(app: Celery) -> None:
    """Let each forked process, such as those of a web server, open connections of its own.

    Two processes on one socket would read each other's confirms.
    """
    known = ref(app)

    def forget() -> None:
        app = known()
        if app is not None:
            app._after_fork()  # type: ignore[attr-defined]  # noqa: SLF001  # as Celery itself
            pools.producers.clear()
            pools.connections.clear()

    os.register_at_fork(after_in_child=forget)


@contextmanager
def only_logging() -> Iterator[None]:
    """Keep a worker from printing past the log, and from configuring a log that has handlers."""

    def configured(**_: object) -> None:
        """Tell Celery, by being connected, that the log is configured."""

    if logging.getLogger().handlers:
        signals.setup_logging.connect(configured)  # weakly: until the end of the block
    system: Any = sys
    stdout, system.__stdout__ = sys.__stdout__, None
    try:
        yield
    finally:
        system.__stdout__ = stdout
