"""The errors of two databases and their drivers, in the language of the club."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, IntegrityError, PendingRollbackError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from reading_club.domain.errors import TransientFailure, WriteConflict
from reading_club.service.errors import StorageUnavailable

SERIALIZATION_STATES = ("40001", "40P01")
UNAVAILABLE_STATES = ("08", "53", "57P", "58")
SQLITE_BUSY_SNAPSHOT = 517
SQLITE_UNAVAILABLE = frozenset({5, 6, 8, 10, 13, 14})
"""Busy, locked, read-only, input/output error, full, cannot open."""


@contextmanager
def translated() -> Iterator[None]:
    """Raise WriteConflict or StorageUnavailable for what may work later; pass on the rest."""
    try:
        yield
    except Exception as exc:
        failure = translation(exc)
        if failure is None or failure is exc:
            raise
        raise failure from exc


def translation(exc: Exception) -> TransientFailure | None:
    """Return WriteConflict or StorageUnavailable if another transaction may succeed later."""
    if isinstance(exc, TransientFailure):
        return exc
    if isinstance(exc, IntegrityError):
        return None
    origin = exc.orig if isinstance(exc, DBAPIError) and exc.orig is not None else exc
    state = getattr(origin, "sqlstate", None) or ""
    code = getattr(origin, "sqlite_errorcode", None)
    if state in SERIALIZATION_STATES or code == SQLITE_BUSY_SNAPSHOT:
        return WriteConflict("another transaction was faster")
    if (
        isinstance(exc, PoolTimeout | OSError | PendingRollbackError)  # TimeoutError is an OSError
        or (isinstance(exc, DBAPIError) and exc.connection_invalidated)
        or state.startswith(UNAVAILABLE_STATES)
        or (code is not None and code & 0xFF in SQLITE_UNAVAILABLE)
    ):
        return StorageUnavailable(f"the database is not available ({type(origin).__name__})")
    return None
