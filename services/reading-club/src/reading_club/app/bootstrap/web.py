"""Opens the application, for a web process or for a command."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache, partial

from celery import Celery
from messagebus import AsyncAbstractEventstreamTransport
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.eventstream.app import route_to
from reading_club.adapters.eventstream.publisher.publisher import BatchPublisher
from reading_club.adapters.uow_sqla import orm
from reading_club.adapters.uow_sqla.eventstream.outbox import SQLOutbox
from reading_club.adapters.uow_sqla.uow import SQLUnitOfWork
from reading_club.app.accounts.passwords import Passwords
from reading_club.app.application import Application
from reading_club.app.bootstrap.broker import connect, open_publisher
from reading_club.app.bootstrap.database import (
    background_unit_of_work,
    dependencies_of,
    open_current_engine,
    open_engine,
)
from reading_club.app.bootstrap.wiring import club_document
from reading_club.app.metrics.process import ProcessMetrics
from reading_club.app.settings import RECONCILE_DAYS, Settings
from reading_club.eventstream.outbox.relay_only import RelayOnlyTransport
from reading_club.eventstream.outbox.sender import Sender
from reading_club.eventstream.outside import following
from reading_club.eventstream.ports.metrics import NO_METRICS
from reading_club.eventstream.retention import DAY
from reading_club.eventstream.run import subscribe
from reading_club.service.subscribers import SUBSCRIBERS
from reading_club.service.uow import AbstractUnitOfWork

DRAIN = 2.0
"""Seconds for which closing continues to send events; the rest stay in the outbox."""


@asynccontextmanager
async def open_application(
    settings: Settings,
    *,
    open_until_claimed: bool = False,
    metrics: ProcessMetrics | None = None,
) -> AsyncIterator[Application]:
    """Yield the application with its engine, sender and broker; close all of them on exit.

    ``open_until_claimed`` lets anybody write while the club has no organiser. ``metrics`` are None
    if they are off.
    Raises ConfigurationError if this release does not work with the schema of the database.
    """
    async with open_current_engine(settings) as engine:
        broker = open_publisher(settings)
        make_uow = partial(background_unit_of_work, engine)
        await subscribe(make_uow, SUBSCRIBERS)
        sender = open_sender(settings, broker, metrics)
        passwords = Passwords()
        try:
            async with following(make_uow, partial(route_to, broker)):
                application = build_application(
                    engine,
                    sender,
                    broker,
                    passwords,
                    horizon=settings.horizon,
                    open_until_claimed=open_until_claimed,
                    metrics=metrics,
                )
                application.sends_mail = settings.smtp_host is not None
                yield application
        finally:
            passwords.close()
            await asyncio.to_thread(sender.close, DRAIN)
            broker.close()


@asynccontextmanager
async def open_application_without_broker(settings: Settings) -> AsyncIterator[Application]:
    """Yield the application for a command; its events are left to a relay.

    Raises as ``open_application`` does.
    """
    async with open_current_engine(settings) as engine:
        passwords = Passwords()
        dependencies = dependencies_of(engine, None, settings.horizon)
        unit_of_work = partial(SQLUnitOfWork, RelayOnlyTransport(), engine)
        try:
            yield Application(unit_of_work, reader_on(engine), dependencies, passwords)
        finally:
            passwords.close()


def build_application(
    engine: AsyncEngine,
    transport: AsyncAbstractEventstreamTransport,
    broker: Celery,
    passwords: Passwords,
    *,
    horizon: float = RECONCILE_DAYS * DAY,
    open_until_claimed: bool = False,
    metrics: ProcessMetrics | None = None,
) -> Application:
    """Return the application on an open engine, transport, broker and hashes of passwords.

    ``horizon`` is the reconciler's, in seconds.
    """
    dependencies = dependencies_of(engine, partial(connect, broker), horizon)
    store = None if metrics is None else metrics.commands
    unit_of_work = partial(SQLUnitOfWork, transport, engine, store)
    return Application(
        unit_of_work,
        reader_on(engine),
        dependencies,
        passwords,
        open_until_claimed,
        metrics,
        asyncapi=cache(partial(club_document, str(broker.conf.broker_url))),
    )


def open_sender(settings: Settings, broker: Celery, metrics: ProcessMetrics | None) -> Sender:
    """Return a sender of the web process; it connects with its first event."""
    stream = NO_METRICS if metrics is None else metrics.stream
    publisher = partial(BatchPublisher, broker, metrics=stream)
    return Sender(partial(open_outbox, settings), publisher, metrics=stream)


def reader_on(engine: AsyncEngine) -> Callable[[], AbstractUnitOfWork]:
    """Return a factory of units of work that only read."""
    return partial(SQLUnitOfWork, RelayOnlyTransport(), engine, read_only=True)


@asynccontextmanager
async def open_outbox(settings: Settings) -> AsyncIterator[SQLOutbox]:
    """Yield the outbox on an engine of its own, for a thread with an event loop of its own."""
    async with open_engine(settings) as engine:
        yield SQLOutbox(engine, orm.stream)
