"""The connection of one transaction, opened at its first statement."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from logging import getLogger
from typing import Any, TypeVar

from sqlalchemy import CursorResult, Executable
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from reading_club.adapters.uow_sqla import postgresql, sqlite
from reading_club.adapters.uow_sqla.errors import translation
from reading_club.adapters.uow_sqla.schema import require_schema
from reading_club.domain.errors import TransientFailure
from reading_club.service.errors import StorageUnavailable, UnitOfWorkClosed

logger = getLogger(__name__)

TResult = TypeVar("TResult")


class Session:
    """Runs the statements of one transaction, one after the other, and nothing after its end.

    It begins the transaction itself, whatever the engine's settings. On SQLite it does so at
    once as a writer if the first statement writes, so that it cannot fail halfway because
    another writer was there first, and as a reader, who waits for nobody, if the first one
    reads. Every method raises UnitOfWorkClosed after the end, and StorageUnavailable or
    WriteConflict for what may work later, but in another transaction: this one is over.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._native = postgresql if engine.dialect.name == "postgresql" else sqlite
        self._connection: AsyncConnection | None = None
        self._failure: TransientFailure | None = None
        self._lock = asyncio.Lock()
        self._closed = False
        self._sound = True

    @property
    def dialect(self) -> str:
        """The name of the database's dialect, such as ``sqlite``."""
        return self._engine.dialect.name

    async def read(self, statement: Executable) -> CursorResult[Any]:
        """Run a statement that changes nothing."""
        return await self._run(lambda connection: connection.execute(statement), write=False)

    async def write(self, statement: Executable) -> CursorResult[Any]:
        """Run a statement that changes rows."""
        return await self._run(lambda connection: connection.execute(statement), write=True)

    async def put(
        self, statement: Executable, parameters: Mapping[str, Any]
    ) -> Sequence[Mapping[str, Any]]:
        """Run an INSERT that other transactions run as well, and return its rows.

        On PostgreSQL it is compiled once, as long as it is the same object.
        """
        run = self._native.run
        return await self._run(
            lambda connection: run(connection, statement, parameters), write=True
        )

    async def commit(self) -> None:
        """Commit what was done, if anything was. The transaction still has to be closed.

        Raises CommitInDoubt if the outcome is unknown. After all other errors nothing is stored.
        """
        self._check()
        if self._connection is not None:
            self._sound = False
            await self._run(self._native.commit, write=True)
            self._sound = True

    async def close(self) -> None:
        """Undo what is not committed and give the connection back. May be called again.

        It does not fail: a connection that is lost has nothing left to undo.
        """
        self._closed = True
        connection, self._connection = self._connection, None
        if connection is None:
            return
        if self._sound and self._native.is_at_rest(connection):
            await self._release(connection)
        else:
            await asyncio.shield(self._release(connection))

    async def _run(
        self, work: Callable[[AsyncConnection], Awaitable[TResult]], *, write: bool
    ) -> TResult:
        """Work on the connection, alone; translate errors, and remember one that ends it all."""
        try:
            async with self._lock:
                self._check()
                if self._connection is None:
                    self._connection = await self._begun(write=write)
                return await work(self._connection)
        except Exception as exc:
            connected = self._connection is not None
            failure = translation(exc, connected=connected)
            if connected:
                self._failure = failure
            if failure is None or failure is exc:
                raise
            raise failure from exc

    def _check(self) -> None:
        """Raise if the transaction is over: what came after it would be committed alone."""
        if self._closed:
            raise UnitOfWorkClosed("the transaction has ended")
        if self._failure is not None:
            raise self._failure
        if self._connection is not None and not self._native.is_open(self._connection):
            raise StorageUnavailable("the database has undone the transaction")

    async def _begun(self, *, write: bool) -> AsyncConnection:
        connection = await self._engine.connect()
        try:
            await self._native.begin(connection, write=write)
        except BaseException:
            await asyncio.shield(self._release(connection))
            raise
        return connection

    async def _release(self, connection: AsyncConnection) -> None:
        """Give a connection back, or end it: after a failed COMMIT it may be in a transaction."""
        try:
            if self._sound:
                await self._native.leave(connection)
                await connection.close()
                return
        except Exception as exc:  # noqa: BLE001  # drivers' errors have no common base
            logger.info("a connection was lost before its rollback (%s)", type(exc).__name__)
        if not connection.closed:
            await connection.invalidate()
            await connection.close()


@asynccontextmanager
async def transaction(engine: AsyncEngine) -> AsyncIterator[Session]:
    """Lend a session, and commit it if the block does not raise."""
    session = Session(engine)
    try:
        yield session
        await session.commit()
    except Exception as exc:
        await session.close()
        await require_schema(engine, exc)
        raise
    finally:
        await session.close()
