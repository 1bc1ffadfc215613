"""Opens what ``reading-club status`` inspects: an existing database, which it leaves unchanged."""

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.uow_sqla import migrations, orm
from reading_club.adapters.uow_sqla.eventstream.heartbeats import SQLHeartbeats
from reading_club.adapters.uow_sqla.eventstream.statistics import LOCK_TIMEOUT, SQLStatistics
from reading_club.adapters.uow_sqla.repositories import SQLBookRepository
from reading_club.adapters.uow_sqla.session import transaction
from reading_club.app.bootstrap.database import (
    database_url,
    open_existing_engine,
    require_current_schema,
)
from reading_club.app.health import Connect, Dependencies
from reading_club.app.private_files import database_file, is_file
from reading_club.app.settings import Settings


@dataclass(frozen=True)
class Inspection:
    """The dependencies of the service, and the number of books."""

    dependencies: Dependencies
    count_books: Callable[[], Coroutine[Any, Any, int]]


def has_database(settings: Settings) -> bool:
    """Return False for a SQLite file that does not exist. Raises ConfigurationError."""
    file = database_file(database_url(settings))
    return file is None or is_file(file)


@asynccontextmanager
async def open_inspection(
    settings: Settings, connect_broker: Connect | None
) -> AsyncIterator[Inspection]:
    """Yield the inspection of an existing database, whatever its schema."""
    migrations.head()  # imports Alembic before the first timeout starts
    async with open_existing_engine(settings) as engine:
        heartbeats = SQLHeartbeats(engine, orm.stream)
        dependencies = Dependencies(
            check_schema=lambda: require_current_schema(engine),
            check_writable=heartbeats.check_writable,
            connect_broker=connect_broker,
            heartbeats=heartbeats,
            statistics=SQLStatistics(engine, orm.stream, horizon=settings.horizon),
        )
        yield Inspection(dependencies, lambda: _count_books(engine))


async def _count_books(engine: AsyncEngine) -> int:
    async with transaction(engine, orm.stream) as session:
        if session.dialect == "postgresql":
            await session.read(LOCK_TIMEOUT)
        return await SQLBookRepository(session).count()
