"""The adapters that are compared, each with its clock and with what its tables hold."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final, Protocol
from uuid import UUID

from sqlalchemy import MetaData, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from reading_club.adapters.memory import (
    InMemoryOutbox,
    InMemoryStreamDatabase,
    InMemoryStreamUnitOfWork,
    RecordingOutboxTransport,
)
from reading_club.adapters.memory.rows import OutboxRow
from reading_club.adapters.uow_sqla.engine import create_engine
from reading_club.adapters.uow_sqla.eventstream import (
    SQLOutbox,
    SQLStreamUnitOfWork,
    stream_tables,
)
from reading_club.adapters.uow_sqla.testing.clock import pass_time
from reading_club.adapters.uow_sqla.types import DatabaseTime
from reading_club.eventstream.ports.outbox import Lease, OutboxKey, OutboxStore
from reading_club.eventstream.unit_of_work import StreamUnitOfWork
from reading_club.testing.clock import ManualClock

UNIT: Final = 1000.0
"""Seconds in which the calls count: longer than a run, whose own time is no difference."""
RESEND_AFTER: Final = 1.0
"""Units from which an event may be missing."""

State = Mapping[str, list[tuple[Any, ...]]]
"""The rows of each table, sorted; points in time are whole units from now on."""


class Backend(Protocol):
    """One set of adapters on one empty database."""

    @property
    def name(self) -> str:
        """The name in reports."""
        ...

    @property
    def outbox(self) -> OutboxStore:
        """The outbox of relays and senders."""
        ...

    def unit_of_work(self, lease: Lease) -> StreamUnitOfWork:
        """Return a unit of work whose events are leased with this lease."""
        ...

    async def pass_time(self, units: int) -> None:
        """Let time pass."""

    async def state(self) -> State:
        """Return what the tables hold."""
        ...

    async def clear(self) -> None:
        """Delete all rows."""

    async def close(self) -> None:
        """Close all connections."""


def units(moment: datetime, now: datetime) -> int:
    """Return the whole units from ``now`` to a moment."""
    return round((moment - now).total_seconds() / UNIT)


class InMemoryBackend:
    """The adapters in memory; ``make_outbox`` is replaced to see that a wrong one is found."""

    def __init__(
        self,
        name: str = "memory",
        make_outbox: Callable[[InMemoryStreamDatabase], InMemoryOutbox] = InMemoryOutbox,
    ) -> None:
        self.name = name
        self._make_outbox = make_outbox
        self._empty()

    def _empty(self) -> None:
        self.clock = ManualClock()
        self.database = InMemoryStreamDatabase(self._now)
        self.outbox = self._make_outbox(self.database)

    def _now(self) -> datetime:
        """Return a time that is later at each call, as it is on a server."""
        self.clock.advance(0.001)
        return self.clock.now()

    def unit_of_work(self, lease: Lease) -> StreamUnitOfWork:
        """Return a unit of work."""
        return InMemoryStreamUnitOfWork(RecordingOutboxTransport(lease), self.database)

    async def pass_time(self, units: int) -> None:
        """Move the clock."""
        self.clock.advance(units * UNIT)

    async def clear(self) -> None:
        """Begin with a new database."""
        self._empty()

    async def close(self) -> None:
        """There is nothing to close."""

    async def state(self) -> State:
        """Return the rows of the mappings."""
        tables, now = self.database, self._now()
        outbox = [
            (*_names(r.key), str(r.token), units(r.leased_until, now), *_rest(r))
            for r in tables.outbox.values()
        ]
        again = timedelta(seconds=RESEND_AFTER * UNIT)
        return {
            "outbox": _sorted(outbox),
            "inbox": _sorted((k.subscriber, str(k.message_id)) for k in tables.inbox),
            "attempts": _sorted(
                (k.subscriber, str(k.message_id), c.number, units(c.at, now), c.stalls)
                for k, c in tables.attempts.items()
            ),
            "resends": _sorted(
                (k.subscriber, str(k.message_id), units(c.at + again * 2**c.number, now))
                for k, c in tables.resends.items()
            ),
            "subscriptions": _sorted(
                (*key, units(since, now), tables.outside[key])
                for key, since in tables.subscriptions.items()
            ),
            "dead_letters": _sorted(
                (d.subscriber, str(d.message_id), d.type, d.error, d.attempts, d.parked)
                for d in tables.dead_letters.values()
            ),
            "returned": _sorted((k.subscriber, str(k.message_id)) for k in tables.returned),
            "failures": _sorted(
                (f.inbox_key.subscriber, str(f.inbox_key.message_id), f.number, f.error)
                for f in tables.failures.values()
            ),
            "pauses": _sorted((name,) for name in tables.pauses),
            "messages": _sorted((str(id_),) for id_ in tables.messages),
        }


def _names(key: OutboxKey) -> tuple[str, str]:
    return str(key.message_id), key.subscriber


def _rest(row: OutboxRow) -> tuple[Any, ...]:
    return row.attempts, row.envelope, row.reason, row.attempted


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
    return _sorted(tuple(_plain(value, now) for value in row) for row in rows)


def _plain(value: Any, now: datetime) -> Any:
    if isinstance(value, datetime):
        return units(value, now)
    return str(value) if isinstance(value, UUID) else value


def _sorted(rows: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return sorted(rows, key=str)
