"""PostgreSQL's transactions and cached statements, executed by asyncpg directly.

SQLAlchemy's layers make up most of the cost of an INSERT of a single row. SQLAlchemy still opens
the connections and executes all other statements, in the transaction begun and ended here.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, TypeVar

from sqlalchemy import Dialect, Executable, QueuePool
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from reading_club.adapters.uow_sqla.errors import sqlstate, translation
from reading_club.eventstream.errors import CommitInDoubt, StorageUnavailable

TAnswer = TypeVar("TAnswer")

AUTOCOMMIT: Final = "autocommit"
INTEGRITY: Final = "23"
"""Prefix of the SQLSTATEs of violated constraints."""


@lru_cache(maxsize=256)
def _compiled(
    statement: Any, dialect: Dialect, names: tuple[str, ...]
) -> tuple[str, Sequence[tuple[str, Any, Callable[[Any], Any] | None]]]:
    """Compile a statement, once for the same object.

    Returns the text, and in its order each parameter's name, default, and conversion to the
    driver's value.
    """
    compiled: Any = statement.compile(dialect=dialect, column_keys=names)
    types = {name: compiled.binds[name].type.dialect_impl(dialect) for name in compiled.positiontup}
    binds = [
        (name, compiled.params[name], to.bind_processor(dialect)) for name, to in types.items()
    ]
    return str(compiled), binds


async def begin(
    connection: AsyncConnection,
    *,
    write: bool,  # noqa: ARG001  # only SQLite has to know
    read_only: bool,
) -> None:
    """Begin a transaction at the engine's isolation level, or none to read only.

    A connection that was lost while idle, as by a server's restart, is replaced.
    """
    if _dbapi_connection(connection).driver_connection.is_closed():
        await connection.invalidate()
        await connection.get_raw_connection()
    adapter = _dbapi_connection(connection)
    level = adapter.isolation_level
    statement = "BEGIN"
    if level not in {None, AUTOCOMMIT}:
        statement += f" ISOLATION LEVEL {level.replace('_', ' ')}"
    adapter.autocommit = True  # keeps SQLAlchemy from beginning one
    if read_only:
        return
    await _translate_errors(adapter.driver_connection, adapter.driver_connection.execute(statement))


def is_open(connection: AsyncConnection) -> bool:
    """Return True while the connection is in a transaction."""
    driver = _dbapi_connection(connection).driver_connection
    return not driver.is_closed() and bool(driver.is_in_transaction())


def is_idle(connection: AsyncConnection) -> bool:
    """Return True if the connection can be returned to its pool without waiting for anything.

    It is in no transaction, and the pool has room for it, so that it is not closed.
    """
    if connection.closed or connection.invalidated:
        return False
    driver, pool = _dbapi_connection(connection).driver_connection, connection.sync_engine.pool
    is_kept = isinstance(pool, QueuePool) and pool.overflow() <= 0
    return is_kept and not driver.is_closed() and not driver.is_in_transaction()


async def commit(connection: AsyncConnection) -> None:
    """Commit the transaction. Raises StorageUnavailable if the server rolled it back instead.

    Raises CommitInDoubt if the connection is lost first; passes on an error that the server sends.
    """
    driver = _dbapi_connection(connection).driver_connection
    try:
        answer = await _translate_errors(driver, driver.execute("COMMIT"))
    except Exception as exc:
        if sqlstate(exc) and not driver.is_closed():
            raise
        raise CommitInDoubt("the database's answer to a commit is lost") from exc
    if answer != "COMMIT":
        raise StorageUnavailable("the database has undone the transaction")


async def reset(connection: AsyncConnection) -> None:
    """Roll back an open transaction, and restore SQLAlchemy's mode. Raises if it is lost."""
    adapter = _dbapi_connection(connection)
    driver = adapter.driver_connection
    if driver.is_closed() or driver.is_in_transaction():
        await _translate_errors(driver, driver.execute("ROLLBACK"))
    adapter.autocommit = False


async def run(
    connection: AsyncConnection, statement: Executable, parameters: Mapping[str, Any]
) -> Sequence[Mapping[str, Any]]:
    """Execute a statement, compiled once for the same object, and return its rows."""
    text, binds = _compiled(statement, connection.dialect, tuple(parameters))
    values = [(parameters.get(name, default), to) for name, default, to in binds]
    arguments = [value if to is None else to(value) for value, to in values]
    driver = _dbapi_connection(connection).driver_connection
    return await _translate_errors(driver, driver.fetch(text, *arguments))


async def _translate_errors(driver: Any, answer: Awaitable[TAnswer]) -> TAnswer:
    """Await the driver's answer. Raises IntegrityError, as SQLAlchemy does, and driver errors.

    Raises StorageUnavailable if the connection is lost. A cancellation closes the connection,
    since the state of its statement is unknown.
    """
    try:
        return await answer
    except Exception as exc:
        if driver.is_closed():
            lost = StorageUnavailable("the connection to the database is lost")
            raise (translation(exc) or lost) from exc
        if sqlstate(exc).startswith(INTEGRITY):
            raise IntegrityError(None, None, exc) from exc
        raise
    except BaseException:
        driver.terminate()
        raise


def _dbapi_connection(connection: AsyncConnection) -> Any:
    sync: Any = connection.sync_connection
    return sync.connection.dbapi_connection
