"""SQLite's transactions, with an explicit BEGIN, whatever the mode of engine and driver."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Executable, StaticPool
from sqlalchemy.ext.asyncio import AsyncConnection

from reading_club.eventstream.errors import StorageUnavailable

_CHECKED: Final = "reading-club: foreign keys are checked"


async def begin(connection: AsyncConnection, *, write: bool) -> None:
    """Begin a transaction, by BEGIN IMMEDIATE as a writer or by BEGIN as a reader.

    By its default the driver begins when a row is changed, which may be too late.
    Raises StorageUnavailable if the engine's only connection is in use.
    """
    raw = await connection.get_raw_connection()
    driver: Any = raw.driver_connection
    if driver.in_transaction:
        await _abandon(connection, driver)
    if _CHECKED not in raw.info:
        await _run(driver, "PRAGMA foreign_keys = ON")
        raw.info[_CHECKED] = True
    await connection.begin()
    if write and driver.in_transaction:
        await _run(driver, "ROLLBACK")
    if not driver.in_transaction:
        await connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def is_open(connection: AsyncConnection) -> bool:
    """Return True while in a transaction: SQLite rolls it back itself when a disk is full."""
    sync = connection.sync_connection
    if sync is None:
        return False
    driver: Any = sync.connection.driver_connection
    return bool(driver.in_transaction)


def is_idle(connection: AsyncConnection) -> bool:  # noqa: ARG001  # as PostgreSQL's
    """Return False: the pool always sends a ROLLBACK when a connection is returned."""
    return False


async def commit(connection: AsyncConnection) -> None:
    """Commit the transaction."""
    await connection.commit()


async def reset(connection: AsyncConnection) -> None:
    """Leave the rollback of an open transaction to SQLAlchemy."""


async def run(
    connection: AsyncConnection, statement: Executable, parameters: Mapping[str, Any]
) -> Sequence[Mapping[str, Any]]:
    """Execute a statement, and return its rows."""
    result = await connection.execute(statement, parameters)
    return [row._asdict() for row in result] if result.returns_rows else []


async def _abandon(connection: AsyncConnection, driver: Any) -> None:
    """Roll back a transaction left open. Raises if the pool shares its one connection."""
    if isinstance(connection.sync_engine.pool, StaticPool):
        raise StorageUnavailable("another transaction is open on the only connection")
    await _run(driver, "ROLLBACK")


async def _run(driver: Any, statement: str) -> None:
    async with driver.execute(statement):
        pass
