"""The composition root: everything that a process needs is opened, wired and closed here."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from celery import Celery
from messagebus import AsyncAbstractEventstreamTransport
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.eventstream import EventstreamTransport, publisher_app
from reading_club.adapters.uow_sqla import SQLUnitOfWork, create_engine, migrations
from reading_club.app.addresses import ConfigurationError
from reading_club.app.settings import Settings
from reading_club.domain.messages import ClubCommand
from reading_club.service.bus import ClubBus, build_bus
from reading_club.service.errors import EventstreamUnavailable
from reading_club.service.projections import SUBSCRIBERS

log = logging.getLogger(__name__)


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

        When this returns, the transaction is committed. Publication is direct: an event
        that the broker does not take is logged and not sent again.
        """
        result = None
        try:
            async with self.unit_of_work() as transaction:
                result = await self._bus.handle(command, transaction)
                await transaction.commit()
        except EventstreamUnavailable:
            log.exception(
                "committed, but the event stream is away: %s %s",
                command.metadata.name,
                command.message_id,
            )
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
        broker = publisher_app(settings.resolved_broker_url(), SUBSCRIBERS)
        transport = EventstreamTransport(broker)
        try:
            yield Club(engine, transport, broker)
        finally:
            await asyncio.to_thread(transport.close)
            broker.close()


async def require_current_schema(engine: AsyncEngine) -> None:
    """Raise ConfigurationError unless the database has the newest schema."""
    if not await migrations.is_current(engine):
        raise ConfigurationError(
            f"the database is at schema {await migrations.current(engine) or 'none'}, this release "
            f"needs {migrations.head()}: run `reading-club migrate`"
        )
