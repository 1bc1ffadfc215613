"""Fork safety: a forked process opens its own broker connections."""

import os
from weakref import ref

from celery import Celery
from kombu import pools


def start_anew_after_forks(app: Celery) -> None:
    """Let each forked process open broker connections of its own.

    Celery does so for the processes of multiprocessing; this is for any fork, such as those of a
    web server. Two processes on one socket would read each other's confirms.
    """
    known = ref(app)

    def forget() -> None:
        app = known()
        if app is not None:
            app._after_fork()  # type: ignore[attr-defined]  # noqa: SLF001  # as Celery itself
            pools.producers.clear()
            pools.connections.clear()

    os.register_at_fork(after_in_child=forget)
