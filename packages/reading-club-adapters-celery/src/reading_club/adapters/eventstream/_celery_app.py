"""Fork safety of Celery applications: a forked process opens its own broker connections.

Internals of celery 5.7.0 that this file uses, with the test that fails if the internal changes:

- ``Celery._after_fork``, which Celery calls for processes of multiprocessing alone: forgets the
  app's pools. ``test_a_fork_opens_connections_of_its_own``
"""

import os
from weakref import ref

from celery import Celery
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
