"""The composition root: opens, wires and closes engine, broker, outbox and units of work."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from celery import Celery
from lastuuid import uuid7
from messagebus import AsyncAbstractEventstreamTransport, AsyncSinkholeEventstreamTransport
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.eventstream.app import publisher_app
from reading_club.adapters.eventstream.publisher.publisher import BatchPublisher
from reading_club.adapters.uow_sqla import migrations, orm
from reading_club.adapters.uow_sqla.configuration import UnusableAddress
from reading_club.adapters.uow_sqla.engine import create_engine
from reading_club.adapters.uow_sqla.eventstream.heartbeats import SQLHeartbeats
from reading_club.adapters.uow_sqla.eventstream.outbox import SQLOutbox
from reading_club.adapters.uow_sqla.uow import SQLUnitOfWork
from reading_club.app import addresses
from reading_club.app.addresses import ConfigurationError
from reading_club.app.private_files import database_file, is_file, make_private_database
from reading_club.app.process_identity import this_process
from reading_club.app.settings import Settings
from reading_club.domain.messages import ClubCommand
from reading_club.eventstream.errors import CommitInDoubt, TransientFailure
from reading_club.eventstream.outbox.sender import Sender
from reading_club.eventstream.subscriber import Subscriber
from reading_club.service.bus import ClubBus, build_bus
from reading_club.service.projections import SUBSCRIBERS

DRAIN = 2.0
"""Seconds for which closing continues to send events; the rest stay in the outbox."""


BUSY_TIMEOUT = 1.0
"""Seconds that ``status`` waits for another writer of a SQLite file."""


class Club:
    """The open application of a web process: handles commands and makes units of work."""

    def __init__(
        self, engine: AsyncEngine, transport: AsyncAbstractEventstreamTransport, broker: Celery
    ) -> None:
        self.engine = engine
        self.broker = broker
        self._transport = transport
        self._bus: ClubBus = build_bus()
        self.process = this_process("web")

    def unit_of_work(self) -> SQLUnitOfWork:
        """Return a new unit of work, not yet entered, for one task."""
        return SQLUnitOfWork(self._transport, self.engine)

    async def beat(self) -> None:
        """Write the heartbeat of this process, which shows that the database accepts writes."""
        await SQLHeartbeats(self.engine, orm.stream).beat(self.process)

    async def handle(self, command: ClubCommand) -> Any:
        """Run a command in a transaction of its own and return its handler's result.

        On return the transaction is committed and its events are in the outbox, whether or not
        the broker is available. A command whose commit is in doubt is run a second time, which
        has no effect if the first run was stored. Raises CommitInDoubt, with the command's id,
        if the second run has a transient failure.
        """
        try:
            return await self._handle_once(command)
        except CommitInDoubt as doubt:
            reason = doubt.reason
        try:
            return await self._handle_once(command.model_copy(update={"message_id": uuid7()}))
        except TransientFailure as exc:
            raise CommitInDoubt(reason, getattr(command, "id", None)) from exc

    async def _handle_once(self, command: ClubCommand) -> Any:
        async with self.unit_of_work() as transaction:
            result = await self._bus.handle(command, transaction)
            await transaction.commit()
        return result


@asynccontextmanager
async def open_engine(settings: Settings) -> AsyncIterator[AsyncEngine]:
    """Yield an engine for the database of the settings; a missing SQLite file is created.

    Raises ConfigurationError, and UnusableAddress for a SQLite file that cannot be created.
    """
    if settings.database_url is None:
        settings.make_data_dir()
    url = settings.resolved_database_url()
    make_private_database(url)
    if (path := database_file(url)) and not is_file(path):
        raise UnusableAddress("the file cannot be made: its folder must be there, and writable")
    async with _closing(create_engine(url)) as engine:
        yield engine


@asynccontextmanager
async def open_existing_engine(settings: Settings) -> AsyncIterator[AsyncEngine]:
    """Yield an engine that opens an existing SQLite file and creates neither file nor folder.

    Raises ConfigurationError.
    """
    url = addresses.existing(settings.resolved_database_url())
    options = {"connect_args": {"timeout": BUSY_TIMEOUT}} if "sqlite" in url.drivername else {}
    async with _closing(create_engine(url, **options)) as engine:
        yield engine


@asynccontextmanager
async def _closing(engine: AsyncEngine) -> AsyncIterator[AsyncEngine]:
    try:
        yield engine
    finally:
        await engine.dispose()


@asynccontextmanager
async def open_club(settings: Settings) -> AsyncIterator[Club]:
    """Yield the application with its engine, sender and broker; close all of them on exit.

    Raises ConfigurationError if this release does not work with the schema of the database.
    """
    async with open_engine(settings) as engine:
        await require_current_schema(engine)
        broker = open_publisher(settings)
        await subscribe(engine, SUBSCRIBERS)
        sender = Sender(lambda: open_outbox(settings), lambda: BatchPublisher(broker))
        try:
            yield Club(engine, sender, broker)
        finally:
            await asyncio.to_thread(sender.close, DRAIN)
            broker.close()


@asynccontextmanager
async def open_outbox(settings: Settings) -> AsyncIterator[SQLOutbox]:
    """Yield the outbox on an engine of its own, for a thread with an event loop of its own."""
    async with open_engine(settings) as engine:
        yield SQLOutbox(engine, orm.stream)


def open_publisher(settings: Settings) -> Celery:
    """Return the Celery application that publishes to all subscribers, not yet connected."""
    return publisher_app(settings.resolved_broker_url(), SUBSCRIBERS)


async def subscribe(engine: AsyncEngine, subscribers: Iterable[Subscriber[Any]]) -> None:
    """Insert the missing subscriptions: the reconciler covers events from this time on."""
    async with background_unit_of_work(engine) as transaction:
        for subscriber in subscribers:
            await transaction.uow.subscriptions.subscribe(subscriber.name, subscriber.types)
        await transaction.commit()


def background_unit_of_work(engine: AsyncEngine) -> SQLUnitOfWork:
    """Return a unit of work that publishes no events."""
    return SQLUnitOfWork(AsyncSinkholeEventstreamTransport(), engine)


async def require_current_schema(engine: AsyncEngine) -> None:
    """Raise ConfigurationError unless this release works with the schema of the database."""
    schema = await migrations.state(engine)
    if not schema.usable:
        raise ConfigurationError(schema.sentence)
