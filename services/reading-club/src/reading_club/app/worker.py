"""The worker process: one subscriber's queue, each message in a transaction of its own."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from celery.signals import worker_ready
from celery.worker.consumer import Consumer as WorkerConsumer
from messagebus import AsyncSinkholeEventstreamTransport

from reading_club.adapters.eventstream import Consumer, worker_app
from reading_club.adapters.uow_sqla import SQLUnitOfWork
from reading_club.app.composition import open_engine, require_current_schema
from reading_club.app.embedded.process import report_ready
from reading_club.app.settings import Settings
from reading_club.service.projections import SUBSCRIBERS
from reading_club.service.uow import AbstractUnitOfWork

STOP_DELAY = 0.5
"""Seconds after which an idle worker notices that it is asked to stop."""


def work(settings: Settings, name: str, concurrency: int) -> None:
    """Handle the events of the subscriber with this name until SIGINT or SIGTERM.

    Raises ConfigurationError if the schema of the database is behind.
    """
    asyncio.run(_check(settings))
    subscriber = next(s for s in SUBSCRIBERS if s.name == name)
    app = worker_app(settings.resolved_broker_url(), subscriber)
    consumer = Consumer(subscriber, lambda: units_of_work(settings))
    consumer.install(app)
    worker_ready.connect(_on_ready)
    app.Worker(
        pool="threads",
        concurrency=concurrency,
        hostname=f"{name}@{socket.gethostname()}",
        loglevel=settings.log_level,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        quiet=True,
    ).start()


@asynccontextmanager
async def units_of_work(settings: Settings) -> AsyncIterator[Callable[[], AbstractUnitOfWork]]:
    """Lend a factory of units of work, for handlers that publish nothing themselves."""
    async with open_engine(settings) as engine:
        yield lambda: SQLUnitOfWork(AsyncSinkholeEventstreamTransport(), engine)


async def _check(settings: Settings) -> None:
    async with open_engine(settings) as engine:
        await require_current_schema(engine)


def _on_ready(sender: WorkerConsumer, **_: object) -> None:
    # An idle worker sleeps up to ten seconds; only its timers let it see that it should stop.
    sender.timer.call_repeatedly(STOP_DELAY, lambda: None)
    report_ready()
