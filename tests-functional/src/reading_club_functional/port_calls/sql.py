"""The adapters on a database server, or on a file of SQLite."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from sqlalchemy import MetaData, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from reading_club.adapters.memory import RecordingOutboxTransport
from reading_club.adapters.uow_sqla.engine import create_engine
from reading_club.adapters.uow_sqla.eventstream import (
    SQLOutbox,
    SQLStreamUnitOfWork,
    stream_tables,
)
from reading_club.adapters.uow_sqla.testing.clock import pass_time
from reading_club.adapters.uow_sqla.types import DatabaseTime
from reading_club.eventstream.ports.outbox import Lease
from reading_club.eventstream.unit_of_work import StreamUnitOfWork
from reading_club_functional.port_calls.backends import UNIT, State, sorted_rows, units

TABLES: Final = stream_tables(MetaData(), prefix="calls_")


class CallsUnitOfWork(SQLStreamUnitOfWork):
    """The stream's unit of work on tables of its own."""

    tables = TABLES


class SQLBackend:
    """The adapters on a database server, or on a file of SQLite."""

    def __init__(self, name: str, engine: AsyncEngine) -> None:
        self.name = name
        self.engine = engine
        self.outbox = SQLOutbox(engine, TABLES)
        make: Any = pass_time
        self._pass: Callable[[float], Awaitable[None]] = make.__wrapped__(engine, TABLES)

    @classmethod
    async def on(cls, name: str, url: str) -> "SQLBackend":
        """Return the backend on a database without tables."""
        engine = create_engine(url)
        async with engine.begin() as connection:
            await connection.run_sync(TABLES.metadata.create_all)
        return cls(name, engine)

    def unit_of_work(self, lease: Lease) -> StreamUnitOfWork:
        """Return a unit of work."""
        return CallsUnitOfWork(RecordingOutboxTransport(lease), self.engine)

    async def pass_time(self, units: int) -> None:
        """Move all stored times back."""
        await self._pass(units * UNIT)

    async def clear(self) -> None:
        """Delete all rows."""
        async with self.engine.begin() as connection:
            for table in TABLES.metadata.tables.values():
                await connection.execute(table.delete())

    async def close(self) -> None:
        """Dispose of the engine."""
        await self.engine.dispose()

    async def state(self) -> State:
        """Return the rows of the tables."""
        async with self.engine.begin() as connection:
            now = (await connection.execute(select(DatabaseTime()))).scalar_one()
            return {
                name: await _rows(connection, name, columns, now)
                for name, columns in COLUMNS.items()
            }


COLUMNS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "outbox": (
            *("message_id", "subscriber", "token", "leased_until"),
            *("attempts", "envelope", "reason", "attempted"),
        ),
        "inbox": ("subscriber", "message_id"),
        "attempts": ("subscriber", "message_id", "number", "at", "stalls"),
        "resends": ("subscriber", "message_id", "again_at"),
        "subscriptions": ("subscriber", "type", "since", "outside"),
        "dead_letters": ("subscriber", "message_id", "type", "error", "attempts", "parked"),
        "returned": ("subscriber", "message_id"),
        "failures": ("subscriber", "message_id", "number", "error"),
        "pauses": ("subscriber",),
        "messages": ("id",),
    }
)
"""The columns of each table that are compared."""


async def _rows(
    connection: AsyncConnection, name: str, columns: Sequence[str], now: datetime
) -> list[tuple[Any, ...]]:
    table = getattr(TABLES, name)
    rows = await connection.execute(select(*[table.c[column] for column in columns]))
    return sorted_rows(tuple(_plain(value, now) for value in row) for row in rows)


def _plain(value: Any, now: datetime) -> Any:
    if isinstance(value, datetime):
        return units(value, now)
    return str(value) if isinstance(value, UUID) else value
