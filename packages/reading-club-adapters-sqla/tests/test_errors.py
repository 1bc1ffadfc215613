"""Tests of the translation of errors: outages, conflicts, and a statement's own errors."""

import sqlite3
from typing import Any

import pytest
from asyncpg import exceptions as asyncpg
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_dbapi
from sqlalchemy.exc import DBAPIError, PendingRollbackError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from reading_club.adapters.uow_sqla.errors import translated, translation
from reading_club.eventstream.errors import (
    CommitInDoubt,
    StorageBusy,
    StorageUnavailable,
    TransientFailure,
    WriteConflict,
)

BUSY = ("57014", "55P03", "55006", "25P03", "25P04")
CONFLICTS = ("40001", "40P01")
AWAY = (
    *("08000", "08003", "08006", "25006", "25000", "26000", "28000", "28P01", "3D000", "3F000"),
    *("40003", "42501", "53000", "53100", "53200", "53300", "55000", "57000", "57P01", "57P02"),
    *("57P03", "57P05", "58000", "58030", "72000", "F0000", "XX000", "XX001"),
)
OWN = (
    *("21000", "22001", "22003", "22021", "22P02", "22P05", "23502", "23503", "23505", "23514"),
    *("25P02", "42601", "42704", "42804", "42P01", "42703", "42883", "44000", "54000", "54001"),
    *("P0001", "0A000"),
)
SQLITE_AWAY = (2, 3, 4, 7, 8, 10, 11, 13, 14, 15, 17, 21, 22, 23, 26)
SQLITE_OWN = (1, 18, 19, 20, 25)


def reported(state: str) -> Exception:
    """Return asyncpg's error for this SQLSTATE."""
    error: Exception = asyncpg.PostgresError.new({"C": state, "M": "hunter2"})
    return error


def wrapped(error: Exception) -> DBAPIError:
    """Return SQLAlchemy's error around an error of asyncpg."""
    adapted = AsyncAdapt_asyncpg_dbapi.Error("hunter2", error)  # type: ignore[no-untyped-call]
    adapted.__cause__ = error
    return DBAPIError("SELECT 1", None, adapted)


def of_sqlite(code: int, text: str = "hunter2") -> DBAPIError:
    """Return SQLAlchemy's error around an error of SQLite."""
    error = sqlite3.OperationalError(text)
    error.sqlite_errorcode = code
    return DBAPIError("SELECT 1", None, error)


def kind(error: Exception, *, connected: bool = True) -> type[TransientFailure] | None:
    """Return the type of the translated error; assert that its text contains no value."""
    failure = translation(error, connected=connected)
    assert "hunter2" not in str(failure)
    return None if failure is None else type(failure)


@pytest.mark.parametrize("make", [reported, lambda state: wrapped(reported(state))])
@pytest.mark.parametrize(
    ("states", "expected"),
    [(BUSY, StorageBusy), (CONFLICTS, WriteConflict), (AWAY, StorageUnavailable), (OWN, None)],
)
def test_an_sqlstate_tells_whose_error_it_is(
    make: Any, states: tuple[str, ...], expected: type[TransientFailure] | None
) -> None:
    """Each SQLSTATE is busy, a conflict, an outage or the statement's own, wrapped or not."""
    assert {state: kind(make(state)) for state in states} == dict.fromkeys(states, expected)


def test_a_code_of_sqlite_tells_whose_error_it_is() -> None:
    """SQLite's codes are classified likewise, extended ones by the primary code in the low byte."""
    away, own, busy = SQLITE_AWAY, SQLITE_OWN, (5, 6, 9, 261)

    assert {code: kind(of_sqlite(code)) for code in away} == dict.fromkeys(away, StorageUnavailable)
    assert {code: kind(of_sqlite(code)) for code in own} == dict.fromkeys(own)
    assert {code: kind(of_sqlite(code)) for code in busy} == dict.fromkeys(busy, StorageBusy)
    assert kind(of_sqlite(517)) is WriteConflict
    assert kind(of_sqlite(2067)) is None


def test_a_stale_plan_is_not_the_statements_own_error() -> None:
    """A plan outdated by a migration is StorageUnavailable: the next transaction plans anew."""
    stale = asyncpg.InvalidCachedStatementError("stale")
    adapted = AsyncAdapt_asyncpg_dbapi.InvalidCachedStatementError("x")  # type: ignore[no-untyped-call]

    assert kind(stale) is StorageUnavailable
    assert kind(DBAPIError("SELECT 1", None, adapted)) is StorageUnavailable
    assert kind(asyncpg.OutdatedSchemaCacheError("stale")) is StorageUnavailable


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.DataError("invalid input for query argument $1"),
        wrapped(asyncpg.DataError("invalid input for query argument $1")),
        StatementError("no time zone", "SELECT 1", None, ValueError("no time zone")),
        StatementError("slow", "SELECT 1", None, TimeoutError("of a type's processor")),
        sqlite3.ProgrammingError("Error binding parameter 1: type 'X' is not supported"),
        *(TypeError(), ValueError(), OverflowError(), AttributeError(), KeyError()),
    ],
    ids=repr,
)
def test_what_python_raises_while_binding_is_the_statements_own_error(error: Exception) -> None:
    """On an open connection an error without an SQLSTATE is the statement's own."""
    assert kind(error) is None


def test_a_connection_that_is_gone_is_an_outage_whatever_the_error() -> None:
    """Any error on an invalidated connection is StorageUnavailable."""
    lost = DBAPIError("SELECT 1", None, ValueError("hunter2"), connection_invalidated=True)
    own = wrapped(reported("42601"))
    own.connection_invalidated = True

    assert kind(lost) is StorageUnavailable
    assert kind(own) is StorageUnavailable
    assert kind(PendingRollbackError("lost")) is StorageUnavailable
    assert kind(ConnectionResetError()) is StorageUnavailable


def test_a_statement_that_is_slow_is_told_from_a_server_that_is_away() -> None:
    """A timeout is StorageBusy during a statement, and StorageUnavailable while connecting."""
    assert kind(TimeoutError()) is StorageBusy
    assert kind(TimeoutError(), connected=False) is StorageUnavailable
    assert kind(PoolTimeout()) is StorageUnavailable


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (reported("25006"), "the database is read-only"),
        (of_sqlite(8), "the database is read-only"),
        (of_sqlite(1032), "the database is read-only"),
        (reported("08003"), "the connection to the database is lost"),
        (reported("53100"), "the database's disk is full"),
        (of_sqlite(13), "the database's disk is full"),
        (reported("28P01"), "the database refuses the log-in"),
        (reported("28000"), "the database refuses the log-in"),
        (reported("3D000"), "the database does not exist"),
        (reported("53300"), "the database has too many connections"),
        (reported("57P01"), "the database is shutting down"),
        (reported("57P03"), "the database is starting or shutting down"),
        (reported("42501"), "the database refuses access to what is needed"),
        (reported("57014"), "the database did not finish a statement in time"),
        (reported("55P03"), "the database did not get a lock in time"),
        (of_sqlite(5), "the database is locked by another writer"),
        (of_sqlite(14), "the database's file cannot be opened"),
        (of_sqlite(26), "the database's file is no database"),
        (reported("55000"), "the database will not do this now (SQLSTATE 55000)"),
        (of_sqlite(11), "the database will not do this now (SQLite error 11)"),
        (ConnectionRefusedError(), "the database is not reachable (ConnectionRefusedError)"),
        (PoolTimeout(), "no connection to the database became free in time"),
    ],
)
def test_the_text_is_a_reason_for_people(error: Exception, reason: str) -> None:
    """The text names the reason for an operator, without the driver's own text."""
    assert str(translation(error)) == reason


def test_a_failure_that_is_translated_already_is_passed_on() -> None:
    """CommitInDoubt stays CommitInDoubt; driver errors are translated, and others passed on."""
    with pytest.raises(CommitInDoubt), translated():
        raise CommitInDoubt("lost")
    with pytest.raises(StorageUnavailable, match="read-only") as failure, translated():
        raise reported("25006")
    with pytest.raises(KeyError), translated():
        raise KeyError

    assert isinstance(failure.value.__cause__, asyncpg.ReadOnlySQLTransactionError)
