"""Deletes rows of handled messages and ended processes after a number of days."""

from typing import Final

from sqlalchemy import ColumnElement, Table, and_, delete, exists, select, tuple_
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.uow_sqla.eventstream.tables import StreamTables
from reading_club.adapters.uow_sqla.session import Session, transaction
from reading_club.adapters.uow_sqla.statements import insert_into
from reading_club.adapters.uow_sqla.types import database_time
from reading_club.eventstream.ports.inbox import DAY, Retention

PROCESSES: Final = 1.0
"""Days to keep the heartbeat of a process that ended without removing it."""
BATCH: Final = 5_000
"""Rows of one DELETE, which keeps each transaction short."""


class SQLRetention:
    """Deletes expired rows, by the database's clock, in small transactions."""

    def __init__(self, engine: AsyncEngine, tables: StreamTables, retention: Retention) -> None:
        self.engine = engine
        self.tables = tables
        self.retention = retention

    async def prune(self) -> dict[str, int]:
        """Delete expired rows, and return the number of deleted rows of each table.

        An expired dead letter leaves an inbox row, as a discarded one does.
        """
        keep = self.retention
        pruned = {"dead_letters": await self._dead_letters(keep.dead_letters)}
        for table, days in (
            (self.tables.inbox, keep.inbox),
            (self.tables.attempts, keep.inbox),
            (self.tables.resends, keep.inbox),
        ):
            pruned[table.name] = await self._batches(table, days)
        pruned["processes"] = await self._batches(self.tables.processes, PROCESSES)
        pruned["messages"] = await self._batches(self.tables.messages, keep.messages)
        return pruned

    async def _batches(self, table: Table, days: float | None) -> int:
        pruned, last = 0, BATCH
        while days is not None and last == BATCH:
            async with transaction(self.engine, self.tables.metadata) as session:
                keys = table.primary_key.columns
                old = select(*keys).where(self._is_old(session, table, days)).limit(BATCH)
                result = await session.write(delete(table).where(tuple_(*keys).in_(old)))
                last = result.rowcount
            pruned += last
        return pruned

    async def _dead_letters(self, days: float | None) -> int:
        dead_letters = self.tables.dead_letters
        if days is None:
            return 0
        async with transaction(self.engine, self.tables.metadata) as session:
            columns = dead_letters.c
            old = columns.set_aside_at <= database_time(session.dialect, -days * DAY)
            inbox_keys = select(
                columns.subscriber, columns.message_id, database_time(session.dialect)
            ).where(old)
            names = ["subscriber", "message_id", "received_at"]
            insert = insert_into(session.dialect, self.tables.inbox).from_select(names, inbox_keys)
            await session.write(insert.on_conflict_do_nothing())
            return (await session.write(delete(dead_letters).where(old))).rowcount

    def _is_old(self, session: Session, table: Table, days: float) -> ColumnElement[bool]:
        tables = self.tables
        inserted = {
            tables.inbox: tables.inbox.c.received_at,
            tables.attempts: tables.attempts.c.at,
            tables.resends: tables.resends.c.again_at,
            tables.messages: tables.messages.c.recorded_at,
            tables.processes: tables.processes.c.beat_at,
        }
        message_ids = {
            tables.inbox: tables.inbox.c.message_id,
            tables.messages: tables.messages.c.id,
        }
        old = inserted[table] <= database_time(session.dialect, -days * DAY)
        if table not in message_ids:
            return old
        return and_(old, ~exists().where(tables.outbox.c.message_id == message_ids[table]))
