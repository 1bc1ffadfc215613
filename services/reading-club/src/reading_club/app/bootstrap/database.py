"""Opens the database of the settings, with a schema that this release works with."""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

from messagebus import AsyncSinkholeEventstreamTransport, AsyncUnitOfWorkTransaction
from sqlalchemy import URL
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.uow_sqla import migrations, orm
from reading_club.adapters.uow_sqla.connection_check import UnusableAddress, configuration_fault
from reading_club.adapters.uow_sqla.engine import DRIVERS, create_engine
from reading_club.adapters.uow_sqla.eventstream.heartbeats import SQLHeartbeats
from reading_club.adapters.uow_sqla.uow import SQLUnitOfWork
from reading_club.app import urls
from reading_club.app.errors import ConfigurationError
from reading_club.app.private_files import database_file, is_file, make_private_database
from reading_club.app.settings import Settings
from reading_club.eventstream.ports.heartbeats import Heartbeats
from reading_club.eventstream.subscriber import Subscriber
from reading_club.service.uow import AbstractUnitOfWork

SCHEMES = frozenset({*DRIVERS, *DRIVERS.values()})
BUSY_TIMEOUT = 1.0
"""Seconds that ``status`` waits for another writer of a SQLite file."""


def database_url(settings: Settings) -> URL:
    """Return the URL of the database. Raises ConfigurationError for an unusable one."""
    if settings.database_url is None:
        return urls.sqlite_url(settings.database_file)
    return urls.database_url(settings.database_url.get_secret_value(), SCHEMES)


@asynccontextmanager
async def open_engine(settings: Settings) -> AsyncIterator[AsyncEngine]:
    """Yield an engine, whatever the schema; a missing SQLite file is created.

    Raises ConfigurationError, and UnusableAddress for a SQLite file that cannot be created.
    """
    if settings.database_url is None:
        settings.make_data_dir()
    url = database_url(settings)
    make_private_database(url)
    if (path := database_file(url)) and not is_file(path):
        raise UnusableAddress("the file cannot be made: its folder must be there, and writable")
    async with _closing(create_engine(url)) as engine:
        yield engine


@asynccontextmanager
async def open_current_engine(settings: Settings) -> AsyncIterator[AsyncEngine]:
    """Yield an engine. Raises ConfigurationError, also for a schema that this release cannot use.

    While the database is unavailable, raises StorageUnavailable.
    """
    async with open_engine(settings) as engine:
        await require_current_schema(engine)
        yield engine


@asynccontextmanager
async def open_existing_engine(settings: Settings) -> AsyncIterator[AsyncEngine]:
    """Yield an engine that opens an existing SQLite file and creates neither file nor folder.

    Raises ConfigurationError.
    """
    url = urls.existing(database_url(settings))
    options = {"connect_args": {"timeout": BUSY_TIMEOUT}} if "sqlite" in url.drivername else {}
    async with _closing(create_engine(url, **options)) as engine:
        yield engine


@asynccontextmanager
async def _closing(engine: AsyncEngine) -> AsyncIterator[AsyncEngine]:
    try:
        yield engine
    finally:
        await engine.dispose()


async def require_current_schema(engine: AsyncEngine) -> None:
    """Raise ConfigurationError unless this release works with the schema of the database."""
    schema = await migrations.state(engine)
    if not schema.usable:
        raise ConfigurationError(schema.sentence)


async def check_schema(settings: Settings) -> None:
    """Open the database and close it. Raises as ``open_current_engine`` does."""
    async with open_current_engine(settings):
        pass


async def upgrade_schema(settings: Settings) -> str:
    """Upgrade the schema unless it is newer than this release; return a sentence on its version.

    Raises as ``open_current_engine`` does.
    """
    async with open_engine(settings) as engine:
        await migrations.upgrade(engine)
        await require_current_schema(engine)
        return (await migrations.state(engine)).sentence


def background_unit_of_work(engine: AsyncEngine) -> AbstractUnitOfWork:
    """Return a unit of work that publishes no events."""
    return SQLUnitOfWork(AsyncSinkholeEventstreamTransport(), engine)


@asynccontextmanager
async def open_transaction(
    settings: Settings,
) -> AsyncIterator[AsyncUnitOfWorkTransaction[AbstractUnitOfWork]]:
    """Yield a transaction that publishes no events. Raises as ``open_current_engine`` does."""
    async with (
        open_current_engine(settings) as engine,
        background_unit_of_work(engine) as transaction,
    ):
        yield transaction


@asynccontextmanager
async def open_units_of_work(
    settings: Settings,
) -> AsyncIterator[Callable[[], AbstractUnitOfWork]]:
    """Yield a factory of units of work that publish no events, whatever the schema."""
    async with open_engine(settings) as engine:
        yield lambda: background_unit_of_work(engine)


@asynccontextmanager
async def open_heartbeats(settings: Settings) -> AsyncIterator[Heartbeats]:
    """Yield the heartbeats, on connections of their own."""
    async with open_engine(settings) as engine:
        yield SQLHeartbeats(engine, orm.stream)


async def subscribe(engine: AsyncEngine, subscribers: Iterable[Subscriber[Any]]) -> None:
    """Insert the missing subscriptions: the reconciler covers events from this time on."""
    async with background_unit_of_work(engine) as transaction:
        for subscriber in subscribers:
            await transaction.uow.subscriptions.subscribe(subscriber.name, subscriber.types)
        await transaction.commit()


def raise_wrong_setting(exc: BaseException) -> None:
    """Raise ConfigurationError if a wrong setting caused this error."""
    if fault := configuration_fault(exc):
        raise ConfigurationError(
            f"{fault} (READING_CLUB_DATABASE_URL, or READING_CLUB_DATA_DIR without it)"
        ) from exc
