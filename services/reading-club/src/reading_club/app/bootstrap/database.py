"""Opens the database of the settings, with a schema that this release works with."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from messagebus import AsyncSinkholeEventstreamTransport, AsyncUnitOfWorkTransaction
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.uow_sqla import migrations, orm
from reading_club.adapters.uow_sqla.engine import (
    DRIVERS,
    UnusableAddress,
    configuration_fault,
    create_engine,
)
from reading_club.adapters.uow_sqla.eventstream.heartbeats import SQLHeartbeats
from reading_club.adapters.uow_sqla.eventstream.statistics import SQLStatistics
from reading_club.adapters.uow_sqla.uow import SQLUnitOfWork
from reading_club.app.health import Connect, Dependencies
from reading_club.app.private_files import make_private_database
from reading_club.app.settings import ConfigurationError, Settings, unusable
from reading_club.eventstream.ports.heartbeats import Heartbeats
from reading_club.service.uow import AbstractUnitOfWork

SCHEMES = frozenset({*DRIVERS, *DRIVERS.values()})
BUSY_TIMEOUT = 1.0
"""Seconds that ``status`` waits for another writer of a SQLite file."""


def database_url(settings: Settings) -> URL:
    """Return the URL of the database. Raises ConfigurationError for an unusable one."""
    if settings.database_url is None:
        return URL.create("sqlite", database=str(settings.database_file.resolve()))
    error = unusable("READING_CLUB_DATABASE_URL", "postgresql://… or sqlite://…")
    try:
        url = make_url(settings.database_url.get_secret_value())
    except (ArgumentError, ValueError):
        raise error from None
    if url.drivername not in SCHEMES:
        raise error
    if url.get_backend_name() == "sqlite" and url.query and "uri" not in url.query:
        raise ConfigurationError(
            "READING_CLUB_DATABASE_URL has an option that SQLite does not know"
        )
    return url


def database_file(url: URL) -> Path | None:
    """Return the file of a SQLite database, None for any other database."""
    name = url.database or ""
    if url.get_backend_name() != "sqlite" or not name or name.startswith((":memory:", "file:")):
        return None
    return Path(name)


@asynccontextmanager
async def open_engine(settings: Settings) -> AsyncIterator[AsyncEngine]:
    """Yield an engine, whatever the schema; a missing SQLite file is created.

    Raises ConfigurationError, and UnusableAddress for a SQLite file that cannot be created.
    """
    if settings.database_url is None:
        settings.make_data_dir()
    url = database_url(settings)
    if (path := database_file(url)) and not make_private_database(path):
        raise UnusableAddress("the file cannot be made: its folder must be there, and writable")
    async with _engine(url) as engine:
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
    url, options = database_url(settings), {}
    if path := database_file(url):
        uri = path.resolve().as_uri()
        url = url.set(database=uri).update_query_dict({"mode": "rw", "uri": "true"})
    if url.get_backend_name() == "sqlite":
        options = {"connect_args": {"timeout": BUSY_TIMEOUT}}
    async with _engine(url, **options) as engine:
        yield engine


@asynccontextmanager
async def _engine(url: URL, **options: Any) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(url, **options)
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


def dependencies_of(engine: AsyncEngine, connect: Connect | None, horizon: float) -> Dependencies:
    """Return what the health checks query; ``horizon`` is the reconciler's, in seconds."""
    return Dependencies(
        check_schema=partial(require_current_schema, engine),
        connect_broker=connect,
        heartbeats=SQLHeartbeats(engine, orm.stream),
        statistics=SQLStatistics(engine, orm.stream, horizon=horizon),
    )


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
    """Yield a factory of units of work that publish no events.

    Raises as ``open_current_engine`` does.
    """
    async with open_current_engine(settings) as engine:
        yield partial(background_unit_of_work, engine)


@asynccontextmanager
async def open_current_units_of_work(
    settings: Settings,
) -> AsyncIterator[Callable[[], AbstractUnitOfWork]]:
    """Yield the factory for the schema of this release. Raises as ``open_current_engine`` does."""
    async with open_current_engine(settings) as engine:
        yield partial(background_unit_of_work, engine)


@asynccontextmanager
async def open_heartbeats(settings: Settings) -> AsyncIterator[Heartbeats]:
    """Yield the heartbeats, on connections of their own."""
    async with open_engine(settings) as engine:
        yield SQLHeartbeats(engine, orm.stream)


def raise_wrong_setting(exc: BaseException) -> None:
    """Raise ConfigurationError if a wrong setting caused this error."""
    if fault := configuration_fault(exc):
        raise ConfigurationError(
            f"{fault} (READING_CLUB_DATABASE_URL, or READING_CLUB_DATA_DIR without it)"
        ) from exc
