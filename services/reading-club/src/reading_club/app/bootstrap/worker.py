"""Builds the Celery worker of a subscriber."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager, suppress
from typing import Any

from celery.signals import worker_ready

from reading_club.adapters.eventstream.app import run_worker, worker_app
from reading_club.adapters.eventstream.event_loop_thread import EventLoopThread
from reading_club.adapters.eventstream.worker.event_task import EventTask, Pacing
from reading_club.app.bootstrap.broker import broker_url
from reading_club.app.bootstrap.database import open_units_of_work
from reading_club.app.settings import Settings
from reading_club.domain.messages import EVENTS
from reading_club.eventstream.subscriber import Subscriber
from reading_club.eventstream.wire import EventRegistry
from reading_club.service.uow import AbstractUnitOfWork


def build_worker(
    settings: Settings,
    subscriber: Subscriber[AbstractUnitOfWork],
    concurrency: int,
    on_ready: Callable[..., None],
) -> Callable[[], object]:
    """Return a function that handles the subscriber's events until SIGINT or SIGTERM.

    ``concurrency`` is the number of threads; with one, a redelivered message is tried alone.
    ``on_ready`` is called as a receiver of Celery's signal ``worker_ready``, which refers to it
    weakly. Raises ConfigurationError for an unusable broker.
    """
    app = worker_app(broker_url(settings), subscriber)
    task = EventTask(
        subscriber,
        EventRegistry(EVENTS),
        lambda: open_units_of_work(settings),
        attempts=settings.attempts,
        pacing=Pacing(attempt_pause=settings.attempt_pause),
    )
    task.register(app)
    worker_ready.connect(on_ready)
    name = f"{subscriber.name}@{socket.gethostname()}"
    return lambda: run_worker(app, concurrency=concurrency, name=name)


@contextmanager
def open_in_thread(resource: Callable[[], AbstractAsyncContextManager[Any]]) -> Iterator[None]:
    """Hold a resource open during the block, on an event loop in a thread."""
    thread = EventLoopThread(resource)
    thread.run(lambda _: asyncio.sleep(0))  # starts it, and opens the resource
    try:
        yield
    finally:
        with suppress(TimeoutError):
            thread.close()
