"""The connection of one transaction, opened at its first statement."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from logging import getLogger
from typing import Any

from sqlalchemy import CursorResult, Executable
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from reading_club.adapters.uow_sqla import sqlite
from reading_club.adapters.uow_sqla.errors import translated
from reading_club.domain.errors import TransientFailure
from reading_club.service.errors import StorageUnavailable, UnitOfWorkClosed

logger = getLogger(__name__)


class Session:
    """Runs the statements of one transaction, and nothing after its end.

    On SQLite it begins the transaction itself, whatever the engine's settings: at once as
    a writer if the first statement writes, so that it cannot fail halfway because another
    writer was there first, and as a reader, who waits for nobody, if the first one reads.
    Every method raises UnitOfWorkClosed after the end, and StorageUnavailable or
    WriteConflict for what may work later, but in another transaction: this one is over.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._connection: AsyncConnection | None = None
        self._failure: TransientFailure | None = None
        self._opening = asyncio.Lock()
        self._closed = False
        self._sound = True

    @property
    def dialect(self) -> str:
        """The name of the database's dialect, such as ``sqlite``."""
        return self._engine.dialect.name

    async def read(self, statement: Executable) -> CursorResult[Any]:
        """Run a statement that changes nothing."""
        with self._watched():
            return await (await self._open(write=False)).execute(statement)

    async def write(
        self, statement: Executable, parameters: Mapping[str, Any] | None = None
    ) -> CursorResult[Any]:
        """Run a statement that changes rows."""
        with self._watched():
            return await (await self._open(write=True)).execute(statement, parameters)

    async def commit(self) -> None:
        """Commit what was done, if anything was. After StorageUnavailable the outcome is unknown.

        The transaction still has to be closed.
        """
        with self._watched():
            self._check()
            if self._connection is not None:
                self._sound = False
                await self._connection.commit()
                self._sound = True

    async def close(self) -> None:
        """Undo what is not committed and give the connection back. May be called again.

        It does not fail: a connection that is lost has nothing left to undo.
        """
        self._closed = True
        connection, self._connection = self._connection, None
        if connection is not None:
            await asyncio.shield(_release(connection, sound=self._sound))

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """Translate errors, and remember the one that ended the transaction."""
        try:
            with translated():
                yield
        except TransientFailure as failure:
            if self._connection is not None:
                self._failure = failure
            raise

    def _check(self) -> None:
        """Raise if the transaction is over: what came after it would be committed alone."""
        if self._closed:
            raise UnitOfWorkClosed("the transaction has ended")
        if self._failure is not None:
            raise self._failure
        if self._connection is None or self.dialect != "sqlite":
            return
        if not sqlite.is_open(self._connection):
            raise StorageUnavailable("the database has undone the transaction")

    async def _open(self, *, write: bool) -> AsyncConnection:
        async with self._opening:
            self._check()
            if self._connection is None:
                self._connection = await self._begun(write=write)
            return self._connection

    async def _begun(self, *, write: bool) -> AsyncConnection:
        connection = await self._engine.connect()
        try:
            if self.dialect == "sqlite":
                await sqlite.begin(connection, write=write)
            else:
                await connection.begin()
        except BaseException:
            await asyncio.shield(_release(connection, sound=True))
            raise
        return connection


@asynccontextmanager
async def transaction(engine: AsyncEngine) -> AsyncIterator[Session]:
    """Lend a session, and commit it if the block does not raise."""
    session = Session(engine)
    try:
        yield session
        await session.commit()
    finally:
        await session.close()


async def _release(connection: AsyncConnection, *, sound: bool) -> None:
    """Give a connection back, or end it: after a failed COMMIT it may be in a transaction still."""
    try:
        if sound:
            await connection.close()
            return
    except (SQLAlchemyError, OSError) as exc:
        logger.info("a connection was lost before its rollback (%s)", type(exc).__name__)
    if not connection.closed:
        await connection.invalidate()
        await connection.close()
