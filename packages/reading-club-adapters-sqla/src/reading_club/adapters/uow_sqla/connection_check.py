"""Tells wrong settings of a database from outages, by the error of a connection attempt."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from sqlalchemy import Dialect
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from reading_club.adapters.uow_sqla.errors import driver_error
from reading_club.eventstream.errors import StorageUnavailable

FAULTS: Final[Mapping[str | int, str]] = {
    "28000": "the database refuses the user",
    "28P01": "the database refuses the user or its password",
    "3D000": "the database does not exist",
    14: "the file cannot be opened: its folder must be there, and writable",
    26: "the file is not a database",
}
"""Reasons by SQLSTATE, or by SQLite's primary result code."""


class UnusableAddress(StorageUnavailable):
    """The address cannot be right: the driver refuses an option in it, or there is no such file."""


def connect(
    dialect: Dialect, _: ConnectionPoolEntry, args: list[Any], options: dict[str, Any]
) -> DBAPIConnection:
    """Connect as SQLAlchemy does. Raises UnusableAddress if the driver refuses an argument."""
    try:
        return dialect.connect(*args, **options)
    except Exception as exc:
        if isinstance(exc, OSError) or not _is_refused_by_driver(exc):
            raise
        raise UnusableAddress(
            "the address of the database has an option or a value that its driver does not know"
        ) from exc


def configuration_fault(exc: BaseException) -> str | None:
    """Return the wrong setting that caused the error, without secrets; None for an outage.

    Call it at the start of a process: only then is a database that does not exist a wrong
    setting. Later on it is an outage.
    """
    for error in _causes(exc):
        if isinstance(error, UnusableAddress):
            return str(error)
        code = getattr(error, "sqlite_errorcode", None)
        key = (getattr(error, "sqlstate", None) or "") if code is None else code & 0xFF
        if key in FAULTS:
            return FAULTS[key]
    return None


def _is_refused_by_driver(exc: Exception) -> bool:
    """Return True if Python refused the arguments, before any server was asked."""
    return any(isinstance(e, TypeError | ValueError | OverflowError) for e in _causes(exc))


def _causes(exc: BaseException) -> Iterator[BaseException]:
    error: BaseException | None = exc
    while error is not None:
        yield driver_error(error)
        error = error.__cause__ or driver_error(error).__cause__
