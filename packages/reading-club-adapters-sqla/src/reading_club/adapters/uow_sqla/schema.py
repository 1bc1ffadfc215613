"""Whether the database has the tables of this release, asked when a statement misses something."""

from typing import Final

from sqlalchemy import exists, false, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.uow_sqla.errors import driver_error, sqlstate, translated
from reading_club.adapters.uow_sqla.orm import metadata
from reading_club.service.errors import StorageUnavailable

UNDEFINED_STATES: Final = frozenset({"42P01", "42703", "42883"})
"""SQLSTATEs: a table, a column or a function is not there."""
SQLITE_ERROR: Final = 1
SQLITE_UNDEFINED: Final = ("no such ", "has no column named")

ALL_COLUMNS: Final = select(
    *[exists(select(*table.c).where(false())) for table in metadata.sorted_tables]
)
"""Reads no row, and fails if a table or a column is missing."""


async def require_schema(engine: AsyncEngine, error: BaseException) -> None:
    """Raise StorageUnavailable if this error was raised on a schema that lacks something.

    It asks the database only after an error that may come of it, and on a connection of its own:
    call it when the transaction that failed has given its connection back.
    """
    if not _misses_something(error):
        return
    with translated():
        async with engine.connect() as connection:
            try:
                await connection.execute(ALL_COLUMNS)
            except DBAPIError as exc:
                if not _misses_something(exc):
                    raise
                wrong = "the database's schema is not the one that this release needs"
                raise StorageUnavailable(wrong) from error


def _misses_something(error: BaseException) -> bool:
    """Tell whether a table, a column or a function was not found."""
    origin = driver_error(error)
    if getattr(origin, "sqlite_errorcode", None) == SQLITE_ERROR:
        return any(words in str(origin) for words in SQLITE_UNDEFINED)
    return sqlstate(error) in UNDEFINED_STATES
