"""The schema's history, and how to move along it. Alembic is imported when it is needed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from reading_club.adapters.uow_sqla.errors import translated
from reading_club.adapters.uow_sqla.migrations import online
from reading_club.adapters.uow_sqla.migrations.state import (
    SchemaState,
    config,
    read_state,
    revisions,
)
from reading_club.service.errors import StorageUnavailable

__all__ = ["SchemaState", "current", "downgrade", "head", "state", "upgrade"]

LOCK: Final = 7_323_241
"""Names the advisory lock that keeps two migrations apart on PostgreSQL."""
POLL: Final = 0.1
PATIENCE: Final = 3_600.0
"""Seconds between two looks for that lock, and until the last one."""
SETTINGS: Final = ("SET statement_timeout = 0", "SET lock_timeout = 0")
"""A server may limit the statements of the club; those of a migration take their time."""

TABLE_LOCK: Final = "SET LOCAL lock_timeout = '5s'"
"""What waits for a table, behind a transaction that is long, has everybody else wait for it."""


async def upgrade(engine: AsyncEngine, revision: str = "head") -> None:
    """Move the schema up in one transaction, then do the rest while the club goes on.

    Two migrations at once wait for each other, and one that was interrupted is finished. A schema
    that is newer than this release is left as it is. Raises StorageUnavailable, also if a table is
    in use for 5 seconds.
    """
    with translated():
        async with _alone(engine) as connection:
            await _move(connection, "upgrade", revision)
            reached = await connection.run_sync(read_state)
            await connection.rollback()
            if reached.kind == "unfinished":
                await online.finish(connection, reached.needed)


async def downgrade(engine: AsyncEngine, revision: str) -> None:
    """Move the schema down to a revision, ``base`` for an empty database. Data is lost."""
    with translated():
        async with _alone(engine) as connection:
            await _move(connection, "downgrade", revision)


async def state(engine: AsyncEngine) -> SchemaState:
    """Return whether this release works with the schema, and a sentence on it for people.

    See ``SchemaState``: its ``usable`` and ``sentence``. Raises StorageUnavailable.
    """
    with translated():
        async with engine.connect() as connection:
            return await connection.run_sync(read_state)


async def current(engine: AsyncEngine) -> str | None:
    """Return the revision of the schema, None for an empty database.

    Raises StorageUnavailable.
    """
    return (await state(engine)).revision


def head() -> str:
    """Return the newest revision."""
    return revisions()[-1]


async def _move(connection: AsyncConnection, direction: str, revision: str) -> None:
    """Run Alembic's command in one transaction. A newer schema is not moved up."""
    from alembic import command

    def move(sync: Connection) -> None:
        if direction == "downgrade" or read_state(sync).kind not in {"newer", "unknown"}:
            getattr(command, direction)(config(sync), revision)

    await online.begin(connection)
    if connection.dialect.name == "postgresql":
        await connection.execute(text(TABLE_LOCK))
    await connection.run_sync(move)
    await connection.commit()


@asynccontextmanager
async def _alone(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Lend a connection, to one migration at a time on PostgreSQL.

    On SQLite each transaction waits for the others, and steps may be done twice.
    """
    async with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            yield connection
            return
        try:
            await _lock(connection)
            yield connection
        finally:
            # The end of its session gives the lock back, and undoes its settings.
            await connection.invalidate()


async def _lock(connection: AsyncConnection) -> None:
    """Wait for the lock without a transaction, which the building of an index would wait for."""
    for _ in range(int(PATIENCE / POLL)):
        locked = await connection.scalar(text(f"SELECT pg_try_advisory_lock({LOCK})"))
        await connection.commit()
        if locked:
            break
        await asyncio.sleep(POLL)
    else:
        raise StorageUnavailable("another migration is running")
    for setting in SETTINGS:
        await connection.execute(text(setting))
    await connection.commit()
