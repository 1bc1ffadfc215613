"""The connection of one transaction, opened at its first statement."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from logging import getLogger
from typing import TYPE_CHECKING, Any, Final, TypeVar

from sqlalchemy import CursorResult, Executable, StaticPool
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from reading_club.adapters.uow_sqla import _asyncpg
from reading_club.adapters.uow_sqla.errors import is_read_only, require_schema, translation
from reading_club.eventstream.errors import StorageUnavailable, TransientFailure, UnitOfWorkClosed

if TYPE_CHECKING:
    from reading_club.adapters.uow_sqla.eventstream.tables import StreamTables

logger = getLogger(__name__)
TResult = TypeVar("TResult")
Rows = Sequence[Mapping[str, Any]]
CHECKS_REFERENCES: Final = "foreign keys are checked"  # the key in a connection's ``info``


class Session:
    """Executes the statements of one transaction, one after the other, until its end.

    The session begins the transaction itself, whatever the engine's settings. On SQLite the
    first statement decides: a write begins as a writer, so that no later write fails on the lock
    of another transaction; a read begins as a reader, without a wait. With ``read_only`` writes
    are refused, and PostgreSQL is spared BEGIN and ROLLBACK. Methods raise UnitOfWorkClosed after
    the end. StorageUnavailable and WriteConflict end the transaction; a later one may succeed.

    ``tables`` are the event stream's in this database, ``dialect`` is SQLAlchemy's name for it.
    ``rebuilding`` has the only generation that a rebuild's step writes, of each projection.
    """

    def __init__(
        self, engine: AsyncEngine, tables: "StreamTables", *, read_only: bool = False
    ) -> None:
        self.tables, self.dialect = tables, engine.dialect.name
        self._engine, self.read_only = engine, read_only
        self._driver: Any = _asyncpg if self.dialect == "postgresql" else SQLite
        self._connection: AsyncConnection | None = None
        self._failure: TransientFailure | None = None
        self._lock = asyncio.Lock()
        self._closed, self._reusable = False, True
        self.rebuilding: dict[str, int] = {}

    async def read(self, statement: Executable, parameters: Any = None) -> CursorResult[Any]:
        """Execute a statement that only reads."""
        return await self._run(lambda to: to.execute(statement, parameters), write=False)

    async def write(self, statement: Executable, parameters: Any = None) -> CursorResult[Any]:
        """Execute a statement that changes rows, or must begin as a writer."""
        return await self._run(lambda to: to.execute(statement, parameters), write=True)

    async def execute_cached(
        self, statement: Executable, parameters: Any, *, write: bool = True
    ) -> Rows:
        """Execute a statement; on PostgreSQL compiled once, with asyncpg's values in its rows."""
        run = self._driver.run
        return await self._run(lambda to: run(to, statement, parameters), write=write)

    async def commit(self) -> None:
        """Commit the transaction, if it has begun. The session still has to be closed.

        Raises CommitInDoubt if the outcome is unknown. After all other errors nothing is stored.
        """
        self._ensure_open(write=True)
        if self._connection is not None:
            self._reusable = False
            await self._run(self._driver.commit, write=True)
            self._reusable = True

    async def close(self) -> None:
        """Roll back what is not committed, and return the connection. May be called again.

        Succeeds on a lost connection as well: the database has rolled back.
        """
        self._closed = True
        connection, self._connection = self._connection, None
        if connection is not None:
            idle = self._reusable and self._driver.is_idle(connection)
            await (self._release(connection) if idle else asyncio.shield(self._release(connection)))

    async def _run(
        self, work: Callable[[AsyncConnection], Awaitable[TResult]], *, write: bool
    ) -> TResult:
        """Call ``work`` under the lock; translate errors, and keep one that ends the session."""
        try:
            async with self._lock:
                self._ensure_open(write=write)
                if self._connection is None:
                    self._connection = await self._begin_connection(write=write)
                return await work(self._connection)
        except Exception as exc:
            connected = self._connection is not None
            failure = translation(exc, connected=connected)
            if connected:
                self._failure = failure
                self._reusable = self._reusable and not is_read_only(exc)
            if failure is None or failure is exc:
                raise
            raise failure from exc

    def _ensure_open(self, *, write: bool) -> None:
        """Raise if the transaction is over: later statements would be committed alone."""
        if write and self.read_only:
            raise TypeError("this transaction only reads")
        if self._closed:
            raise UnitOfWorkClosed("the transaction has ended")
        if self._failure is not None:
            raise self._failure
        in_transaction = self._connection is not None and not self.read_only
        if in_transaction and not self._driver.is_open(self._connection):
            raise StorageUnavailable("the database has undone the transaction")

    async def _begin_connection(self, *, write: bool) -> AsyncConnection:
        connection = await self._engine.connect()
        try:
            await self._driver.begin(connection, write=write, read_only=self.read_only)
        except BaseException as exc:
            self._reusable = not is_read_only(exc)
            await asyncio.shield(self._release(connection))
            raise
        return connection

    async def _release(self, connection: AsyncConnection) -> None:
        """Return the connection; close one that cannot write, or may be in a transaction."""
        try:
            if self._reusable:
                await self._driver.reset(connection)
                await connection.close()
                return
        except Exception as exc:  # noqa: BLE001  # drivers' errors have no common base
            logger.info("a connection was lost at a rollback", extra={"error": type(exc).__name__})
        if not connection.closed:
            await connection.invalidate()
            await connection.close()


class SQLite:
    """SQLite's transactions, as ``_asyncpg`` has PostgreSQL's, in whichever mode the engine is."""

    @staticmethod
    async def begin(connection: AsyncConnection, *, write: bool, **_: bool) -> None:
        """Begin a transaction, by BEGIN IMMEDIATE as a writer or by BEGIN as a reader.

        Raises StorageUnavailable if the engine's only connection is in use.
        """
        raw = await connection.get_raw_connection()
        driver: Any = raw.driver_connection
        if driver.in_transaction and isinstance(connection.sync_engine.pool, StaticPool):
            raise StorageUnavailable("another transaction is open on the only connection")
        if driver.in_transaction:
            await driver.rollback()
        if not raw.info.get(CHECKS_REFERENCES):
            await driver.execute("PRAGMA foreign_keys = ON")
            raw.info[CHECKS_REFERENCES] = True
        await connection.begin()
        if write and driver.in_transaction:
            await driver.rollback()
        if not driver.in_transaction:
            await connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    @staticmethod
    def is_open(connection: AsyncConnection) -> bool:
        """Return True while in a transaction: SQLite rolls it back itself when a disk is full."""
        sync: Any = connection.sync_connection
        return sync is not None and bool(sync.connection.driver_connection.in_transaction)

    @staticmethod
    async def reset(_: AsyncConnection) -> None:
        """Leave the rollback of an open transaction to SQLAlchemy."""

    commit = staticmethod(AsyncConnection.commit)
    is_idle = staticmethod(lambda _: False)  # aiosqlite's thread is waited for

    @staticmethod
    async def run(connection: AsyncConnection, statement: Executable, parameters: Any) -> Rows:
        """Execute a statement, and return its rows."""
        result = await connection.execute(statement, parameters)
        return [row._asdict() for row in result] if result.returns_rows else []


@asynccontextmanager
async def transaction(engine: AsyncEngine, tables: "StreamTables") -> AsyncIterator[Session]:
    """Yield a session, commit it after the block, and roll back if the block raises."""
    session = Session(engine, tables)
    try:
        yield session
        await session.commit()
    except Exception as exc:
        await session.close()
        await require_schema(engine, tables.metadata, exc)
        raise
    finally:
        await session.close()
