"""The heartbeats of processes on SQL."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import uuid4

from sqlalchemy import Row, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.uow_sqla.eventstream.tables import StreamTables
from reading_club.adapters.uow_sqla.session import transaction
from reading_club.adapters.uow_sqla.statements import insert_into
from reading_club.adapters.uow_sqla.types import DatabaseTime
from reading_club.eventstream.ports.heartbeats import Heartbeat, Process, clock_offset


class SQLHeartbeats:
    """The heartbeats in the table ``processes``. ``clock`` is the clock of this process."""

    def __init__(self, engine: AsyncEngine, tables: StreamTables) -> None:
        self.engine = engine
        self.tables = tables
        self.clock: Callable[[], datetime] = partial(datetime.now, UTC)

    async def beat(self, process: Process, *, trouble: str | None = None) -> float:
        """Insert or update the process's row, and return its clock's offset in seconds."""
        async with transaction(self.engine, self.tables) as session:
            before, now = self.clock(), DatabaseTime()
            database = (await session.write(select(now))).scalar_one()
            offset = clock_offset(before, database, self.clock())
            state = {"beat_at": now, "clock_offset": offset, "trouble": trouble}
            row = insert_into(session.dialect, self.tables.processes).values(
                {**vars(process), "started_at": now, **state}
            )
            changes = {name: row.excluded[name] for name in state}
            await session.write(row.on_conflict_do_update(index_elements=["id"], set_=changes))
        return offset

    async def check_writable(self) -> None:
        """Commit the INSERT and DELETE of a probe row. Raises StorageUnavailable."""
        processes = self.tables.processes
        async with transaction(self.engine, self.tables) as session:
            probe = Process(uuid4(), "probe", host="", pid=0, release="")
            now = DatabaseTime()
            row = {**vars(probe), "started_at": now, "beat_at": now}
            await session.write(insert(processes).values(row))
            await session.write(delete(processes).where(processes.c.id == probe.id))

    async def remove(self, process: Process) -> None:
        """Delete the process's row."""
        processes = self.tables.processes
        async with transaction(self.engine, self.tables) as session:
            await session.write(delete(processes).where(processes.c.id == process.id))

    async def list(self) -> Sequence[Heartbeat]:
        """Return heartbeats by role, subscriber and start, with ages by the database's clock."""
        processes = self.tables.processes
        columns = processes.c
        async with transaction(self.engine, self.tables) as session:
            now = DatabaseTime().label("now")
            order = (columns.role, columns.subscriber, columns.started_at, columns.id)
            rows = await session.read(select(processes, now).order_by(*order))
            return [_heartbeat(row) for row in rows]


def _heartbeat(row: Row[Any]) -> Heartbeat:
    process = Process(row.id, row.role, row.host, row.pid, row.release, row.subscriber)
    age = (row.now - row.beat_at).total_seconds()
    return Heartbeat(process, age, row.clock_offset, row.trouble)
