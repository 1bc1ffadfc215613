"""Opens what ``reading-club status`` inspects: an existing database, which it leaves unchanged."""

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.uow_sqla import migrations, orm
from reading_club.adapters.uow_sqla.eventstream.statistics import LOCK_TIMEOUT
from reading_club.adapters.uow_sqla.repositories import SQLBookRepository
from reading_club.adapters.uow_sqla.session import transaction
from reading_club.app.bootstrap.database import (
    database_file,
    database_url,
    dependencies_of,
    open_existing_engine,
)
from reading_club.app.health import Connect, Dependencies
from reading_club.app.private_files import is_file
from reading_club.app.settings import Settings

CountBooks = Callable[[], Coroutine[Any, Any, int]]


def has_database(settings: Settings) -> bool:
    """Return False for a SQLite file that does not exist. Raises ConfigurationError."""
    file = database_file(database_url(settings))
    return file is None or is_file(file)


@asynccontextmanager
async def open_inspection(
    settings: Settings, connect_broker: Connect | None
) -> AsyncIterator[tuple[Dependencies, CountBooks]]:
    """Yield an existing database's dependencies and count of books, whatever its schema."""
    migrations.head()  # imports Alembic before the first timeout starts
    async with open_existing_engine(settings) as engine:
        dependencies = dependencies_of(engine, connect_broker, settings.horizon)
        yield dependencies, partial(_count_books, engine)


async def _count_books(engine: AsyncEngine) -> int:
    async with transaction(engine, orm.stream) as session:
        if session.dialect == "postgresql":
            await session.read(LOCK_TIMEOUT)
        return await SQLBookRepository(session).count()
