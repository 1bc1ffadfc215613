"""Deletes rows of handled messages and ended processes after a number of days."""

from datetime import datetime
from typing import Final

from sqlalchemy import Column, ColumnElement, Delete, and_, delete, exists, false, select, tuple_
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.uow_sqla.eventstream.projections import SQLProjections
from reading_club.adapters.uow_sqla.eventstream.tables import StreamTables
from reading_club.adapters.uow_sqla.session import Session, transaction
from reading_club.adapters.uow_sqla.statements import insert_into
from reading_club.adapters.uow_sqla.types import DatabaseTime
from reading_club.eventstream.retention import DAY, Retention

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
        """Delete expired rows, and return their numbers by the names of ``StreamTables``.

        An expired dead letter leaves an inbox row, as a discarded one does.
        """
        tables, keep = self.tables, self.retention
        in_outbox = exists().where(tables.outbox.c.message_id == tables.inbox.c.message_id)
        unsent = exists().where(tables.outbox.c.message_id == tables.messages.c.id)
        pruned = {"dead_letters": await self._dead_letters(keep.dead_letters)}
        for name, at, days, unless in (
            ("inbox", tables.inbox.c.received_at, keep.inbox, in_outbox),
            ("attempts", tables.attempts.c.at, keep.inbox, false()),
            ("resends", tables.resends.c.again_at, keep.inbox, false()),
            ("failures", tables.failures.c.at, keep.inbox, false()),
            ("returned", tables.returned.c.at, keep.inbox, false()),
            ("processes", tables.processes.c.beat_at, PROCESSES, false()),
            ("messages", tables.messages.c.recorded_at, keep.messages, unsent),
        ):
            pruned[name] = await self._batches(at, days, unless)
        return pruned

    async def _batches(
        self, at: Column[datetime], days: float | None, unless: ColumnElement[bool]
    ) -> int:
        """Delete rows whose column ``at`` is older than ``days``, unless the condition holds."""
        pruned, last, table = 0, BATCH, at.table
        while days is not None and last == BATCH:
            async with transaction(self.engine, self.tables) as session:
                keys = table.primary_key.columns
                expired = and_(at <= DatabaseTime(-days * DAY), ~unless)
                old = select(*keys).where(expired).limit(BATCH)
                gone = delete(table).where(tuple_(*keys).in_(old))
                if table is self.tables.messages:
                    last = await self._messages(session, gone)
                else:
                    last = (await session.write(gone)).rowcount
            pruned += last
        return pruned

    async def _messages(self, session: Session, gone: Delete) -> int:
        """Delete messages; record their types, as projections with them cannot be rebuilt now."""
        types = (await session.write(gone.returning(self.tables.messages.c.type))).scalars().all()
        await SQLProjections(session).record_deletion(set(types))
        return len(types)

    async def _dead_letters(self, days: float | None) -> int:
        dead_letters = self.tables.dead_letters
        if days is None:
            return 0
        async with transaction(self.engine, self.tables) as session:
            columns = dead_letters.c
            old = columns.set_aside_at <= DatabaseTime(-days * DAY)
            inbox_keys = select(columns.subscriber, columns.message_id, DatabaseTime()).where(old)
            names = ["subscriber", "message_id", "received_at"]
            insert = insert_into(session.dialect, self.tables.inbox).from_select(names, inbox_keys)
            await session.write(insert.on_conflict_do_nothing())
            return (await session.write(delete(dead_letters).where(old))).rowcount
