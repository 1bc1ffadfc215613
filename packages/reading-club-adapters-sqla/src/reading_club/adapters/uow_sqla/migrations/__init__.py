"""The schema's history, and how to move along it. Alembic is imported when it is needed."""

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from reading_club.adapters.uow_sqla import sqlite
from reading_club.adapters.uow_sqla.errors import translated

if TYPE_CHECKING:
    from alembic.config import Config

LOCK = 7_323_241
"""Names the advisory lock that keeps two migrations apart on PostgreSQL."""


async def upgrade(engine: AsyncEngine, revision: str = "head") -> None:
    """Move the schema up, in one transaction; two that do so at once wait for each other."""
    await _move(engine, "upgrade", revision)


async def downgrade(engine: AsyncEngine, revision: str) -> None:
    """Move the schema down to a revision, ``base`` for an empty database. Data is lost."""
    await _move(engine, "downgrade", revision)


async def current(engine: AsyncEngine) -> str | None:
    """Return the revision of the schema, None for an empty database.

    Raises StorageUnavailable.
    """
    with translated():
        async with engine.connect() as connection:
            return await connection.run_sync(_current)


def head() -> str:
    """Return the newest revision."""
    from alembic.script import ScriptDirectory

    newest = ScriptDirectory.from_config(_config()).get_current_head()
    if newest is None:
        raise LookupError("there are no migrations")
    return newest


async def is_current(engine: AsyncEngine) -> bool:
    """Tell whether the schema is the newest one. Raises StorageUnavailable."""
    return await current(engine) == head()


def _config(connection: Connection | None = None) -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _current(connection: Connection) -> str | None:
    from alembic.migration import MigrationContext

    return MigrationContext.configure(connection).get_current_revision()


async def _move(engine: AsyncEngine, direction: str, revision: str) -> None:
    from alembic import command

    def move(connection: Connection) -> None:
        getattr(command, direction)(_config(connection), revision)

    with translated():
        async with engine.connect() as connection:
            await _lock(connection)
            await connection.run_sync(move)
            await connection.commit()


async def _lock(connection: AsyncConnection) -> None:
    """Begin a transaction that waits for another migration."""
    if connection.dialect.name == "sqlite":
        await sqlite.begin(connection, write=True)
    else:
        await connection.execute(text(f"SELECT pg_advisory_xact_lock({LOCK})"))
