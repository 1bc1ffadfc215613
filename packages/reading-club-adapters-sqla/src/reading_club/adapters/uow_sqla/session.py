"""The connection of one transaction, opened at its first statement."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import CursorResult, Executable
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from reading_club.adapters.uow_sqla.errors import translated
from reading_club.service.errors import UnitOfWorkClosed

KNOWN = "reading-club"
"""Marks a SQLite connection whose foreign keys are checked."""


class Session:
    """Runs the statements of one transaction, and nothing after its end.

    On SQLite it begins the transaction itself, whatever the engine's settings: at once as
    a writer if the first statement writes, so that it cannot fail halfway because another
    writer was there first, and as a reader, who waits for nobody, if the first one reads.
    Every method raises UnitOfWorkClosed after the end, and StorageUnavailable or
    WriteConflict for what may work later.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._connection: AsyncConnection | None = None
        self._closed = False

    @property
    def dialect(self) -> str:
        """The name of the database's dialect, such as ``sqlite``."""
        return self._engine.dialect.name

    async def read(self, statement: Executable) -> CursorResult[Any]:
        """Run a statement that changes nothing."""
        with translated():
            return await (await self._open(write=False)).execute(statement)

    async def write(self, statement: Executable) -> CursorResult[Any]:
        """Run a statement that changes rows."""
        with translated():
            return await (await self._open(write=True)).execute(statement)

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """Undo what is done inside if it raises, and nothing else of the transaction.

        Without it a refused INSERT would abort the whole transaction on PostgreSQL.
        """
        with translated():
            connection = await self._open(write=True)
            async with connection.begin_nested():
                yield

    async def commit(self) -> None:
        """Commit and give the connection back. After StorageUnavailable the outcome is unknown."""
        if self._connection is not None:
            with translated():
                await self._connection.commit()
        await self.close()

    async def close(self) -> None:
        """Undo what is not committed and give the connection back. May be called again."""
        self._closed = True
        connection, self._connection = self._connection, None
        if connection is not None:
            await asyncio.shield(connection.close())

    async def _open(self, *, write: bool) -> AsyncConnection:
        if self._closed:
            raise UnitOfWorkClosed("the transaction has ended")
        if self._connection is None:
            self._connection = await self._engine.connect()
            await self._connection.begin()
            if self.dialect == "sqlite":
                await _begin_sqlite(self._connection, write=write)
        return self._connection


async def _begin_sqlite(connection: AsyncConnection, *, write: bool) -> None:
    raw = await connection.get_raw_connection()
    if raw.driver_connection is None or raw.driver_connection.in_transaction:
        return
    if KNOWN not in raw.info:
        await connection.exec_driver_sql("PRAGMA foreign_keys = ON")
        raw.info[KNOWN] = True
    await connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
