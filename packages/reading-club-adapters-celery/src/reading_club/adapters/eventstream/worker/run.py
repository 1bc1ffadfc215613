"""Runs the worker of one subscriber: subscribes it, and handles its events until a signal."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from celery.signals import worker_ready

from reading_club.adapters.eventstream.app import (
    VISIBILITY_TIMEOUT,
    run_worker,
    worker_app,
)
from reading_club.adapters.eventstream.event_loop_thread import EventLoopThread, open_in_thread
from reading_club.adapters.eventstream.queues import SubscriberQueues
from reading_club.adapters.eventstream.stream_app import StreamApp
from reading_club.adapters.eventstream.topology import DEFAULT_STREAM, Stream
from reading_club.adapters.eventstream.worker.event_task import EventTask
from reading_club.adapters.eventstream.worker.pacing import Pacing
from reading_club.adapters.eventstream.worker.watched_loop import WatchedEventLoopThread
from reading_club.eventstream.errors import QueueDiffers, TransientFailure
from reading_club.eventstream.liveness import Liveness
from reading_club.eventstream.outbox.backoff import Backoff
from reading_club.eventstream.ports.inbox import ATTEMPTS
from reading_club.eventstream.ports.metrics import NO_METRICS, StreamMetrics
from reading_club.eventstream.startup import (
    PAUSES,
    prepare,
    stop_on_signals,
    unless_stopped,
    when_available,
)
from reading_club.eventstream.subscriber import Subscriber, TUnitOfWork
from reading_club.eventstream.unit_of_work import UnitOfWorkFactory
from reading_club.eventstream.unit_of_work_factory import MakeUnitOfWork, opened
from reading_club.eventstream.wire import EventRegistry, TEvent
from reading_club.eventstream.wiring import require_event_handlers

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class WorkerOptions:
    """What seldom differs between the workers of ``run_subscriber``."""

    attempts: int = ATTEMPTS
    """How often a message that fails for a reason of its own is tried."""
    pacing: Pacing = field(default_factory=Pacing)
    """Pauses between attempts, and how long a message is held during an outage."""
    visibility_timeout: int = VISIBILITY_TIMEOUT
    """Seconds, on Redis and Valkey alone: keep it above the longest handler."""
    backoff: Backoff = PAUSES
    """Delays between two attempts to reach an unavailable database at the start."""
    raise_permanent: Callable[[TransientFailure], None] = lambda _: None
    """Called with each failure at the start; raises an error for one that no retry mends."""
    on_ready: Callable[[], None] = lambda: None
    """Called when the worker consumes."""
    liveness: Liveness = field(default_factory=Liveness)
    """To which the worker reports its progress."""
    heartbeat: Callable[[], AbstractAsyncContextManager[Any]] | None = None
    """Opened while the worker runs, on an event loop of its own."""
    metrics: StreamMetrics = NO_METRICS
    """What counts and measures the worker's handling."""


def run_subscriber(
    subscriber: Subscriber[TEvent, TUnitOfWork],
    make_uow: MakeUnitOfWork[TUnitOfWork],
    broker_url: str,
    *,
    events: Iterable[type[TEvent]],
    stream: Stream = DEFAULT_STREAM,
    concurrency: int = 4,
    options: WorkerOptions | None = None,
) -> int:
    """Handle the subscriber's events until SIGINT or SIGTERM; return the worker's exit code.

    ``make_uow`` makes a unit of work for each transaction; or it opens the resources of the
    process, such as a database engine, as an async context manager that yields such a factory. All
    of it runs on one event loop, in a thread of this process. ``events`` are those that this
    release can read, besides those that the subscriber does: others wait as parked dead letters,
    for a release that can. The broker's URL and ``stream`` are those of ``publisher_app``.

    First the subscriptions are inserted, so that the reconciler covers the subscriber, and parked
    events of types that are known by now are replayed. An unavailable database is waited for, and
    so is the broker. ``concurrency`` is the number of threads; with one, a redelivered message is
    tried alone. Call this in the main thread of a process that does not fork.

    Raises ValueError for an unsupported broker URL. Raises WiringError for a subscriber without
    handlers, or that handles what is not in ``events``, and QueueDiffers if its queue exists with
    other arguments: each says what to do.
    """
    events = tuple(events)
    require_event_handlers(subscriber, events)
    options = options or WorkerOptions()
    timeout = options.visibility_timeout
    app = worker_app(broker_url, subscriber, stream=stream, visibility_timeout=timeout)
    app.on_turn = partial(options.liveness.progress, "Celery's main loop")
    resources = partial(opened, make_uow)
    loop = WatchedEventLoopThread[UnitOfWorkFactory](resources, options.liveness)
    task = EventTask(
        subscriber,
        EventRegistry[Any]([*events, *subscriber.readable]),
        loop,
        attempts=options.attempts,
        pacing=options.pacing,
        metrics=options.metrics,
    )
    task.register(app)
    try:
        if not asyncio.run(_prepared(subscriber, loop, app, options)):
            return 0
        with _hooked(options):
            name = f"{subscriber.name}@{socket.gethostname()}"
            return run_worker(app, concurrency=concurrency, name=name)
    finally:
        with contextlib.suppress(TimeoutError):
            task.close()


async def _prepared(
    subscriber: Subscriber[Any, Any],
    loop: EventLoopThread[UnitOfWorkFactory],
    app: StreamApp,
    options: WorkerOptions,
) -> bool:
    """Return True when the subscriber is prepared, False if a signal came before."""
    stopping = stop_on_signals()
    prepared = await when_available(
        lambda: loop.awaited(partial(prepare, subscriber)),
        stopping,
        options.backoff,
        raise_permanent=options.raise_permanent,
    )
    if not prepared:
        return False
    checking = asyncio.to_thread(_require_queue, subscriber, app)
    return bool(await unless_stopped(checking, stopping))


def _require_queue(subscriber: Subscriber[Any, Any], app: StreamApp) -> bool:
    """Declare the queue. Raises QueueDiffers; the worker itself waits for an unavailable broker."""
    try:
        SubscriberQueues(app).declare(subscriber)
    except QueueDiffers:
        raise
    except TransientFailure as exc:
        logger.info("the queue is declared later", extra={"reason": str(exc)})
    return True


@contextlib.contextmanager
def _hooked(options: WorkerOptions) -> Iterator[None]:
    """Hold the heartbeat open, and call ``on_ready`` when Celery says that the worker consumes."""

    def on_ready(**_: object) -> None:
        options.on_ready()

    worker_ready.connect(on_ready)  # weakly: until the end of the block
    with open_in_thread(options.heartbeat) if options.heartbeat else nullcontext():
        yield
