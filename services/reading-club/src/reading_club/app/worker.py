"""The worker process: one subscriber's queue, each message in a transaction of its own."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from celery.signals import worker_ready
from messagebus import AsyncSinkholeEventstreamTransport

from reading_club.adapters.eventstream import Consumer, run_worker, worker_app
from reading_club.adapters.uow_sqla import SQLUnitOfWork
from reading_club.app.composition import open_engine, require_current_schema
from reading_club.app.embedded.process import report_ready
from reading_club.app.settings import Settings
from reading_club.service.projections import SUBSCRIBERS
from reading_club.service.uow import AbstractUnitOfWork

log = logging.getLogger(__name__)


def work(settings: Settings, name: str, concurrency: int) -> None:
    """Handle the events of the subscriber with this name until SIGINT or SIGTERM.

    Raises ConfigurationError if the schema of the database is behind.
    """
    asyncio.run(_check(settings))
    subscriber = next(s for s in SUBSCRIBERS if s.name == name)
    app = worker_app(settings.resolved_broker_url(), subscriber)
    Consumer(subscriber, lambda: units_of_work(settings)).install(app)
    worker_ready.connect(_on_ready)
    run_worker(app, pool="threads", concurrency=concurrency, name=f"{name}@{socket.gethostname()}")


@asynccontextmanager
async def units_of_work(settings: Settings) -> AsyncIterator[Callable[[], AbstractUnitOfWork]]:
    """Lend a factory of units of work, for handlers that publish nothing themselves."""
    async with open_engine(settings) as engine:
        yield lambda: SQLUnitOfWork(AsyncSinkholeEventstreamTransport(), engine)


async def _check(settings: Settings) -> None:
    async with open_engine(settings) as engine:
        await require_current_schema(engine)


def _on_ready(sender: object, **_: object) -> None:
    log.info("%s is ready", sender)
    report_ready()
