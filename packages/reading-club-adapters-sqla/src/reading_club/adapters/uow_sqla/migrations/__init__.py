"""Upgrade, downgrade and state of the schema, by Alembic, which is imported when needed.

``version_table`` is the table in which Alembic notes the revision. A club that shares its database
with another application on Alembic needs one of its own, in all calls from the first upgrade on.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from reading_club.adapters.uow_sqla.errors import translated
from reading_club.adapters.uow_sqla.migrations import book_index, online
from reading_club.adapters.uow_sqla.migrations.state import (
    VERSION_TABLE,
    SchemaState,
    config,
    read_state,
    revisions,
)
from reading_club.adapters.uow_sqla.session import CHECKS_REFERENCES
from reading_club.eventstream.errors import StorageUnavailable

__all__ = ["SchemaState", "current", "downgrade", "head", "index_books", "state", "upgrade"]

LOCK: Final = 7_323_241
"""Key of PostgreSQL's advisory lock, under which one migration runs at a time."""
POLL: Final = 0.1
PATIENCE: Final = 3_600.0
"""Seconds between two attempts to take that lock, and until the last attempt."""
TABLE_LOCK: Final = "SET LOCAL lock_timeout = '5s'"
"""Limits the wait for a table's lock, behind which all later transactions queue."""


async def upgrade(
    engine: AsyncEngine, revision: str = "head", *, version_table: str = VERSION_TABLE
) -> None:
    """Upgrade the schema in one transaction, then fill rows and build indexes online.

    Concurrent migrations wait for each other, and an interrupted one is finished. A schema newer
    than this release is left unchanged. Raises StorageUnavailable, also if a table is in use for
    5 seconds.
    """
    with translated():
        async with _alone(engine) as connection:
            await _move(connection, "upgrade", revision, version_table)
            reached = await connection.run_sync(read_state, version_table)
            await connection.rollback()
            if reached.kind == "unfinished":
                await online.finish(connection)
            elif reached.kind == "current":
                await book_index.index_books(connection)


async def index_books(engine: AsyncEngine) -> Mapping[str, int]:
    """Index the books that an older release has registered beside this one; a relay does hourly.

    Returns no number: nothing is deleted. Raises TransientFailure.
    """
    with translated():
        async with engine.connect() as connection:
            await book_index.index_books(connection)
    return {}


async def downgrade(
    engine: AsyncEngine, revision: str, *, version_table: str = VERSION_TABLE
) -> None:
    """Downgrade the schema to a revision, ``base`` for an empty database. Data is lost."""
    with translated():
        async with _alone(engine) as connection:
            await _move(connection, "downgrade", revision, version_table)


async def state(engine: AsyncEngine, *, version_table: str = VERSION_TABLE) -> SchemaState:
    """Return the state of the schema: ``usable`` by this release, with a ``sentence`` on why.

    Raises StorageUnavailable.
    """
    with translated():
        async with engine.connect() as connection:
            return await connection.run_sync(read_state, version_table)


async def current(engine: AsyncEngine, *, version_table: str = VERSION_TABLE) -> str | None:
    """Return the revision of the schema, None for an empty database.

    Raises StorageUnavailable.
    """
    return (await state(engine, version_table=version_table)).revision


def head() -> str:
    """Return the newest revision."""
    return revisions()[-1]


async def _move(
    connection: AsyncConnection, direction: str, revision: str, version_table: str
) -> None:
    """Run Alembic's command in one transaction. An upgrade leaves a newer schema unchanged."""
    from alembic import command

    def move(sync: Connection) -> None:
        kind = read_state(sync, version_table).kind
        if direction == "downgrade" or kind not in {"newer", "unknown"}:
            getattr(command, direction)(config(sync, version_table), revision)
            _require_references(sync)

    async with _references_unchecked(connection):
        await online.begin(connection)
        if connection.dialect.name == "postgresql":
            await connection.execute(text(TABLE_LOCK))
        await connection.run_sync(move)
        await connection.commit()


def _require_references(connection: Connection) -> None:
    """Raise RuntimeError on SQLite if a row refers to one that is not there."""
    if connection.dialect.name == "sqlite":
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
        if broken is not None:
            raise RuntimeError(f"rows of {broken[0]} would refer to no row of {broken[2]}")


@asynccontextmanager
async def _references_unchecked(connection: AsyncConnection) -> AsyncIterator[None]:
    """Let SQLite drop a table to which others refer, as Alembic does to change a column.

    The setting has no effect within a transaction: the block begins one, and ends it.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    raw = await connection.get_raw_connection()
    driver: Any = raw.driver_connection
    raw.info[CHECKS_REFERENCES] = True  # so that ``begin`` leaves the setting
    await driver.execute("PRAGMA foreign_keys = OFF")
    try:
        yield
    finally:
        await connection.rollback()
        await driver.execute("PRAGMA foreign_keys = ON")


@asynccontextmanager
async def _alone(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Open a connection, to one migration at a time on PostgreSQL.

    On SQLite each transaction waits for the others, and steps may run twice.
    """
    async with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            yield connection
            return
        try:
            await _lock(connection)
            yield connection
        finally:
            # The end of the connection releases the lock, and resets the settings.
            await connection.invalidate()


async def _lock(connection: AsyncConnection) -> None:
    """Take the lock outside a transaction, since a concurrent CREATE INDEX waits for all."""
    for _ in range(int(PATIENCE / POLL)):
        locked = await connection.scalar(text(f"SELECT pg_try_advisory_lock({LOCK})"))
        await connection.commit()
        if locked:
            break
        await asyncio.sleep(POLL)
    else:
        raise StorageUnavailable("another migration is running")
    # A migration's statements may take longer than the server's limits.
    for limit in ("statement_timeout", "lock_timeout"):
        await connection.execute(text(f"SET {limit} = 0"))
    await connection.commit()
