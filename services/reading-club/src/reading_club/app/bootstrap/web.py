"""Opens the application of a web process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from celery import Celery
from messagebus import AsyncAbstractEventstreamTransport
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.eventstream.publisher.publisher import BatchPublisher
from reading_club.adapters.uow_sqla import orm
from reading_club.adapters.uow_sqla.eventstream.outbox import SQLOutbox
from reading_club.adapters.uow_sqla.uow import SQLUnitOfWork
from reading_club.app.application import Application
from reading_club.app.bootstrap.broker import connect, open_publisher
from reading_club.app.bootstrap.database import (
    dependencies_of,
    open_current_engine,
    open_engine,
    subscribe,
)
from reading_club.app.settings import RECONCILE_DAYS, Settings
from reading_club.eventstream.outbox.sender import Sender
from reading_club.eventstream.retention import DAY
from reading_club.service.projections import SUBSCRIBERS

DRAIN = 2.0
"""Seconds for which closing continues to send events; the rest stay in the outbox."""


@asynccontextmanager
async def open_application(settings: Settings) -> AsyncIterator[Application]:
    """Yield the application with its engine, sender and broker; close all of them on exit.

    Raises ConfigurationError if this release does not work with the schema of the database.
    """
    async with open_current_engine(settings) as engine:
        broker = open_publisher(settings)
        await subscribe(engine, SUBSCRIBERS)
        sender = Sender(partial(open_outbox, settings), partial(BatchPublisher, broker))
        try:
            yield build_application(engine, sender, broker, settings.horizon)
        finally:
            await asyncio.to_thread(sender.close, DRAIN)
            broker.close()


def build_application(
    engine: AsyncEngine,
    transport: AsyncAbstractEventstreamTransport,
    broker: Celery,
    horizon: float = RECONCILE_DAYS * DAY,
) -> Application:
    """Return the application on an open engine, transport and broker.

    ``horizon`` is the reconciler's, in seconds.
    """
    dependencies = dependencies_of(engine, partial(connect, broker), horizon)
    return Application(partial(SQLUnitOfWork, transport, engine), dependencies)


@asynccontextmanager
async def open_outbox(settings: Settings) -> AsyncIterator[SQLOutbox]:
    """Yield the outbox on an engine of its own, for a thread with an event loop of its own."""
    async with open_engine(settings) as engine:
        yield SQLOutbox(engine, orm.stream)
