"""Tells a schema of another release from a wrong statement, after an undefined-object error."""

from typing import Any, Final

from sqlalchemy import MetaData, Select, exists, false, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.uow_sqla.errors import driver_error, sqlstate, translated
from reading_club.eventstream.errors import StorageUnavailable

UNDEFINED_STATES: Final = frozenset({"42P01", "42703", "42883"})
"""SQLSTATEs of an undefined table, column or function."""
SQLITE_ERROR: Final = 1
SQLITE_UNDEFINED: Final = ("no such ", "has no column named")


async def require_schema(engine: AsyncEngine, metadata: MetaData, error: BaseException) -> None:
    """Raise StorageUnavailable if the error is an undefined object on an incomplete schema.

    Queries the schema after such an error only, on a connection of its own: call it when the
    failed transaction has returned its connection to the pool.
    """
    if not _misses_something(error):
        return
    with translated():
        async with engine.connect() as connection:
            try:
                await connection.execute(_all_columns(metadata))
            except DBAPIError as exc:
                if not _misses_something(exc):
                    raise
                wrong = "the database's schema is not the one that this release needs"
                raise StorageUnavailable(wrong) from error


def _all_columns(metadata: MetaData) -> Select[*tuple[Any, ...]]:
    """Return a query that fails if a table or a column is missing; it reads no row."""
    return select(*[exists(select(*t.c).where(false())) for t in metadata.sorted_tables])


def _misses_something(error: BaseException) -> bool:
    """Return True if the error is of an undefined table, column or function."""
    origin = driver_error(error)
    if getattr(origin, "sqlite_errorcode", None) == SQLITE_ERROR:
        return any(words in str(origin) for words in SQLITE_UNDEFINED)
    return sqlstate(error) in UNDEFINED_STATES
