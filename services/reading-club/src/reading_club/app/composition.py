"""The composition root: everything that a process needs is opened, wired and closed here."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from celery import Celery
from lastuuid import uuid7
from messagebus import AsyncAbstractEventstreamTransport, AsyncSinkholeEventstreamTransport
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.eventstream import BatchPublisher, publisher_app
from reading_club.adapters.uow_sqla import SQLOutbox, SQLUnitOfWork, create_engine, migrations
from reading_club.app.addresses import ConfigurationError
from reading_club.app.settings import Settings
from reading_club.domain.errors import TransientFailure
from reading_club.domain.messages import ClubCommand
from reading_club.service.bus import ClubBus, build_bus
from reading_club.service.errors import CommitInDoubt
from reading_club.service.outbox import Sender
from reading_club.service.projections import SUBSCRIBERS
from reading_club.service.subscriber import Subscriber

DRAIN = 2.0
"""Seconds that a closing club goes on sending; what is left is in the outbox."""


class Club:
    """A club that is open: it takes commands and lends units of work."""

    def __init__(
        self, engine: AsyncEngine, transport: AsyncAbstractEventstreamTransport, broker: Celery
    ) -> None:
        self.engine = engine
        self.broker = broker
        self._transport = transport
        self._bus: ClubBus = build_bus()

    def unit_of_work(self) -> SQLUnitOfWork:
        """Return a unit of work that is not open, for one task."""
        return SQLUnitOfWork(self._transport, self.engine)

    async def handle(self, command: ClubCommand) -> Any:
        """Run a command in a transaction of its own and return what its handler returned.

        When this returns, the transaction is committed, and its events are in the outbox. The
        broker is not waited for. A command whose commit is in doubt is run once more, which
        changes nothing if it was stored. Raises CommitInDoubt, with the command's id, if that
        fails as well.
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
    """Lend an engine on the database of the settings."""
    settings.make_data_dir()
    engine = create_engine(settings.resolved_database_url())
    try:
        yield engine
    finally:
        await engine.dispose()


@asynccontextmanager
async def open_club(settings: Settings) -> AsyncIterator[Club]:
    """Open everything that commands need, and close it afterwards.

    Raises ConfigurationError if the schema of the database is behind.
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
    """Lend the outbox on an engine of its own, for a thread with a loop of its own."""
    async with open_engine(settings) as engine:
        yield SQLOutbox(engine)


def open_publisher(settings: Settings) -> Celery:
    """Return the application that publishes to all subscribers. Nothing is connected yet."""
    return publisher_app(settings.resolved_broker_url(), SUBSCRIBERS)


async def subscribe(engine: AsyncEngine, subscribers: Iterable[Subscriber]) -> None:
    """Note who hears what from now on, for the reconciler: whoever starts first does so."""
    async with operating_unit_of_work(engine) as transaction:
        for subscriber in subscribers:
            await transaction.uow.receipts.subscribe(subscriber.name, subscriber.types)
        await transaction.commit()


def operating_unit_of_work(engine: AsyncEngine) -> SQLUnitOfWork:
    """Return a unit of work for what publishes nothing itself."""
    return SQLUnitOfWork(AsyncSinkholeEventstreamTransport(), engine)


async def require_current_schema(engine: AsyncEngine) -> None:
    """Raise ConfigurationError unless the database has the newest schema."""
    if not await migrations.is_current(engine):
        raise ConfigurationError(
            f"the database is at schema {await migrations.current(engine) or 'none'}, this release "
            f"needs {migrations.head()}: run `reading-club migrate`"
        )
