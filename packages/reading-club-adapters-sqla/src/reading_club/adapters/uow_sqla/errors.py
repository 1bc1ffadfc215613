"""Translates errors of PostgreSQL, SQLite and their drivers to errors of the service layer.

A statement's own error, which concerns its text or its values, is passed on. Every other error
that a server or a driver reports is an outage or a conflict: a later transaction may succeed.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import MetaData, Select, exists, false, select
from sqlalchemy.exc import DBAPIError, PendingRollbackError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.eventstream.errors import (
    StorageBusy,
    StorageUnavailable,
    TransientFailure,
    WriteConflict,
)

OWN_STATES: Final = ("0A", "21", "22", "23", "25P02", "42", "44", "54", "P0")
"""Prefixes of the SQLSTATEs of a statement's own errors, except NO_PRIVILEGE."""
NO_PRIVILEGE: Final = "42501"
STALE_PLANS: Final = frozenset({"InvalidCachedStatementError", "OutdatedSchemaCacheError"})
"""Errors of asyncpg and SQLAlchemy's adapter: a table was altered after the preparation."""
SERIALIZATION_STATES: Final = frozenset({"40001", "40P01"})
BUSY_STATES: Final = frozenset({"57014", "55P03", "55006", "25P03", "25P04"})
"""A reachable server ended or refused a statement or a transaction that took too long."""

SQLITE_OWN: Final = frozenset({1, 18, 19, 20, 25})
"""Primary codes: ERROR, TOOBIG, CONSTRAINT, MISMATCH, RANGE."""
SQLITE_BUSY: Final = frozenset({5, 6, 9})
"""Primary codes: BUSY, LOCKED, INTERRUPT."""
SQLITE_BUSY_SNAPSHOT: Final = 517
READ_ONLY_STATE: Final = "25006"
SQLITE_READONLY: Final = 8
UNDEFINED_STATES: Final = frozenset({"42P01", "42703", "42883"})
"""SQLSTATEs of an undefined table, column or function."""
SQLITE_ERROR: Final = 1
SQLITE_UNDEFINED: Final = ("no such ", "has no column named")

REASONS: Final[Mapping[str | int, str]] = {
    "08": "the connection to the database is lost",
    READ_ONLY_STATE: "the database is read-only",
    "28": "the database refuses the log-in",
    "3D000": "the database does not exist",
    NO_PRIVILEGE: "the database refuses access to what is needed",
    "53100": "the database's disk is full",
    "53200": "the database's memory is full",
    "53300": "the database has too many connections",
    "55P03": "the database did not get a lock in time",
    "57014": "the database did not finish a statement in time",
    "57P01": "the database is shutting down",
    "57P02": "the database is starting again after a crash",
    "57P03": "the database is starting or shutting down",
    5: "the database is locked by another writer",
    SQLITE_READONLY: "the database is read-only",
    13: "the database's disk is full",
    14: "the database's file cannot be opened",
    26: "the database's file is no database",
}
"""Reasons by SQLSTATE or its class, or by SQLite's primary result code."""


@contextmanager
def translated() -> Iterator[None]:
    """Raise the ``translation`` of an error of the block, from that error; pass on other errors."""
    try:
        yield
    except Exception as exc:
        failure = translation(exc)
        if failure is None or failure is exc:
            raise
        raise failure from exc


def translation(exc: Exception, *, connected: bool = False) -> TransientFailure | None:
    """Return WriteConflict or StorageUnavailable if a later transaction may succeed, else None.

    ``connected`` means that a statement was running: a TimeoutError is StorageBusy then, since
    this statement alone may be slow.
    """
    if isinstance(exc, TransientFailure):
        return exc
    origin = driver_error(exc)
    lost = isinstance(exc, PendingRollbackError) or (
        isinstance(exc, DBAPIError) and exc.connection_invalidated
    )
    state, code = sqlstate(exc), getattr(origin, "sqlite_errorcode", None)
    if type(origin).__name__ in STALE_PLANS:
        return StorageUnavailable("the database's tables were altered meanwhile")
    if state:
        return _of_postgresql(state, lost=lost)
    if code is not None:
        return _of_sqlite(code, lost=lost)
    if lost:
        name = type(origin).__name__
        return StorageUnavailable(f"the connection to the database is lost ({name})")
    return _of_the_way_there(exc, connected=connected)


def is_read_only(exc: BaseException) -> bool:
    """Return True for an error of a connection that cannot write, while a new one may be able to.

    SQLite opens a file read-only that it may not write to, and the connection stays so; a
    PostgreSQL that was demoted stays at the other end of its connections.
    """
    return error_code(exc) in {READ_ONLY_STATE, SQLITE_READONLY}


def driver_error(exc: BaseException) -> BaseException:
    """Return the error that SQLAlchemy has wrapped, or the error itself."""
    return exc.orig if isinstance(exc, DBAPIError) and exc.orig is not None else exc


def sqlstate(exc: BaseException) -> str:
    """Return the SQLSTATE of an error of PostgreSQL, and an empty string for other errors."""
    return getattr(driver_error(exc), "sqlstate", None) or ""


def error_code(exc: BaseException) -> str | int:
    """Return the SQLSTATE, SQLite's primary result code, or an empty string for other errors."""
    code: int | None = getattr(driver_error(exc), "sqlite_errorcode", None)
    return sqlstate(exc) if code is None else code & 0xFF


def _of_postgresql(state: str, *, lost: bool) -> TransientFailure | None:
    if state in SERIALIZATION_STATES:
        return WriteConflict("another transaction was faster")
    reason = REASONS.get(state) or REASONS.get(state[:2])
    reason = reason or f"the database will not do this now (SQLSTATE {state})"
    if state in BUSY_STATES:
        return StorageBusy(reason)
    if state.startswith(OWN_STATES) and state != NO_PRIVILEGE and not lost:
        return None
    return StorageUnavailable(reason)


def _of_sqlite(code: int, *, lost: bool) -> TransientFailure | None:
    if code == SQLITE_BUSY_SNAPSHOT:
        return WriteConflict("another transaction was faster")
    primary = code & 0xFF
    reason = REASONS.get(primary, f"the database will not do this now (SQLite error {code})")
    if primary in SQLITE_BUSY:
        return StorageBusy(reason)
    if primary in SQLITE_OWN and not lost:
        return None
    return StorageUnavailable(reason)


def _of_the_way_there(exc: Exception, *, connected: bool) -> TransientFailure | None:
    """Translate errors of the pool and the network; TimeoutError is an OSError."""
    if isinstance(exc, PoolTimeout):
        return StorageUnavailable("no connection to the database became free in time")
    if isinstance(exc, TimeoutError) and connected:
        return StorageBusy("the database did not answer a statement in time")
    if isinstance(exc, OSError):
        return StorageUnavailable(f"the database is not reachable ({type(exc).__name__})")
    return None


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
    if error_code(error) == SQLITE_ERROR:
        return any(words in str(driver_error(error)) for words in SQLITE_UNDEFINED)
    return sqlstate(error) in UNDEFINED_STATES
