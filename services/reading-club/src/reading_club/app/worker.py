"""The worker process: a Celery worker that consumes one subscriber's queue."""

import logging
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from celery.signals import worker_ready

from reading_club.adapters.eventstream.app import worker_app
from reading_club.adapters.eventstream.worker.event_task import EventTask
from reading_club.adapters.eventstream.worker.outage_retry import Pacing
from reading_club.adapters.eventstream.worker.run import run_worker
from reading_club.app.composition import (
    background_unit_of_work,
    open_engine,
    require_current_schema,
    subscribe,
)
from reading_club.app.embedded.process import report_ready
from reading_club.app.heartbeat import beating_in_thread
from reading_club.app.process_identity import this_process
from reading_club.app.settings import Settings
from reading_club.app.waiting import run_until_available
from reading_club.domain.messages import EVENTS
from reading_club.eventstream.dead_letters.commands import replay_parked
from reading_club.eventstream.subscriber import Subscriber
from reading_club.eventstream.wire import EventRegistry
from reading_club.service.projections import SUBSCRIBERS
from reading_club.service.uow import AbstractUnitOfWork

log = logging.getLogger(__name__)


def work(settings: Settings, name: str, concurrency: int) -> None:
    """Handle the events of the subscriber with this name until SIGINT or SIGTERM.

    ``concurrency`` is the number of threads; with one, a redelivered message is tried alone.
    At the start, waits for an unavailable database. Raises ConfigurationError if this release
    does not work with the schema.
    """
    subscriber = next(s for s in SUBSCRIBERS if s.name == name)
    if not run_until_available(lambda: _prepare(settings, subscriber)):
        return
    app = worker_app(settings.resolved_broker_url(), subscriber)
    consumer = EventTask(
        subscriber,
        EventRegistry(EVENTS),
        lambda: units_of_work(settings),
        attempts=settings.attempts,
        pacing=Pacing(attempt_pause=settings.attempt_pause),
    )
    consumer.register(app)
    worker_ready.connect(_on_ready)
    with beating_in_thread(settings, this_process("worker", name)):
        host = socket.gethostname()
        run_worker(app, concurrency=concurrency, name=f"{name}@{host}")


@asynccontextmanager
async def units_of_work(settings: Settings) -> AsyncIterator[Callable[[], AbstractUnitOfWork]]:
    """Yield a factory of units of work that publish no events, on one engine."""
    async with open_engine(settings) as engine:
        yield lambda: background_unit_of_work(engine)


async def _prepare(settings: Settings, subscriber: Subscriber[Any]) -> bool:
    """Insert the subscriptions, requeue parked events of types now known, and return True."""
    async with open_engine(settings) as engine:
        await require_current_schema(engine)
        await subscribe(engine, [subscriber])
        async with background_unit_of_work(engine) as transaction:
            replayed = await replay_parked(subscriber, transaction.uow, datetime.now(UTC))
            await transaction.commit()
    if replayed:
        log.info("%s knows %s parked events now", subscriber.name, len(replayed))
    return True


def _on_ready(sender: object, **_: object) -> None:
    log.info("%s is ready", sender)
    report_ready()
