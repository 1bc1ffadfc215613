"""Builds the Celery worker of a subscriber."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

from reading_club.adapters.eventstream.worker.pacing import Pacing
from reading_club.adapters.eventstream.worker.run import WorkerOptions, run_subscriber
from reading_club.adapters.uow_sqla.uow import SQLUnitOfWork
from reading_club.app.bootstrap.broker import broker_url
from reading_club.app.bootstrap.database import (
    open_current_engine,
    open_heartbeats,
    raise_wrong_setting,
)
from reading_club.app.heartbeat import beating, this_process
from reading_club.app.settings import Settings
from reading_club.domain.messages import EVENTS, ClubEvent
from reading_club.eventstream.liveness import Liveness
from reading_club.eventstream.outbox.relay_only import RelayOnlyTransport
from reading_club.eventstream.ports.metrics import NO_METRICS, StreamMetrics
from reading_club.eventstream.subscriber import Subscriber
from reading_club.service.uow import AbstractUnitOfWork


def build_worker(
    settings: Settings,
    subscriber: Subscriber[ClubEvent, AbstractUnitOfWork],
    concurrency: int,
    on_ready: Callable[[], None],
    liveness: Liveness,
    metrics: StreamMetrics = NO_METRICS,
) -> Callable[[], object]:
    """Return a function that handles the subscriber's events until SIGINT or SIGTERM.

    ``concurrency`` is the number of threads; with one, a redelivered message is tried alone. The
    function waits for an unavailable database at its start, calls ``on_ready`` when the worker
    consumes, and reports its progress to ``liveness``. It raises ConfigurationError if this release
    does not work with the schema, and this one does for an unusable broker.
    """
    process = this_process("worker", subscriber.name)
    options = WorkerOptions(
        attempts=settings.attempts,
        pacing=Pacing(attempt_pause=settings.attempt_pause),
        raise_permanent=raise_wrong_setting,
        on_ready=on_ready,
        liveness=liveness,
        heartbeat=lambda: beating(open_heartbeats(settings), process, alive=liveness.alive),
        metrics=metrics,
    )
    return partial(
        run_subscriber,
        subscriber,
        lambda: open_relayed_units_of_work(settings),
        broker_url(settings),
        events=EVENTS,
        concurrency=concurrency,
        options=options,
    )


@asynccontextmanager
async def open_relayed_units_of_work(
    settings: Settings,
) -> AsyncIterator[Callable[[], AbstractUnitOfWork]]:
    """Yield a factory of units of work whose events a relay sends.

    Raises as ``open_current_engine`` does.
    """
    async with open_current_engine(settings) as engine:
        yield partial(SQLUnitOfWork, RelayOnlyTransport(), engine)
