"""Deletes rows of handled messages and ended processes after a number of days."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, Table, and_, delete, exists, select, tuple_
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.uow_sqla.clock import database_time
from reading_club.adapters.uow_sqla.orm import (
    attempts,
    dead_letters,
    inbox,
    messages,
    outbox,
    processes,
    resends,
)
from reading_club.adapters.uow_sqla.session import Session, transaction
from reading_club.adapters.uow_sqla.statements import insert_into

DAY: Final = 86_400.0
PROCESSES: Final = 1.0
"""Days to keep the heartbeat of a process that ended without removing it."""
BATCH: Final = 5_000
"""Rows of one DELETE, which keeps each transaction short."""


@dataclass(frozen=True)
class Retention:
    """Days to keep rows, from their insertion; None keeps them for ever.

    Inbox rows must outlive every redelivery of their messages: a later one would take effect a
    second time. Inbox rows and messages of events in the outbox are kept in any case.
    """

    inbox: float = 30.0
    messages: float | None = None
    dead_letters: float | None = None


class SQLRetention:
    """Deletes expired rows, by the database's clock, in small transactions."""

    def __init__(self, engine: AsyncEngine, retention: Retention) -> None:
        self.engine = engine
        self.retention = retention

    async def prune(self) -> dict[str, int]:
        """Delete expired rows, and return the number of deleted rows of each table.

        An expired dead letter leaves an inbox row, as a discarded one does.
        """
        keep = self.retention
        pruned = {"dead_letters": await self._dead_letters(keep.dead_letters)}
        for table, days in ((inbox, keep.inbox), (attempts, keep.inbox), (resends, keep.inbox)):
            pruned[table.name] = await self._batches(table, days)
        pruned["processes"] = await self._batches(processes, PROCESSES)
        pruned["messages"] = await self._batches(messages, keep.messages)
        return pruned

    async def _batches(self, table: Table, days: float | None) -> int:
        pruned, last = 0, BATCH
        while days is not None and last == BATCH:
            async with transaction(self.engine) as session:
                keys = table.primary_key.columns
                old = select(*keys).where(_is_old(session, table, days)).limit(BATCH)
                result = await session.write(delete(table).where(tuple_(*keys).in_(old)))
                last = result.rowcount
            pruned += last
        return pruned

    async def _dead_letters(self, days: float | None) -> int:
        if days is None:
            return 0
        async with transaction(self.engine) as session:
            columns = dead_letters.c
            old = columns.set_aside_at <= database_time(session.dialect, -days * DAY)
            receipts = select(
                columns.subscriber, columns.message_id, database_time(session.dialect)
            ).where(old)
            names = ["subscriber", "message_id", "received_at"]
            insert = insert_into(session.dialect, inbox).from_select(names, receipts)
            await session.write(insert.on_conflict_do_nothing())
            return (await session.write(delete(dead_letters).where(old))).rowcount


_MOMENTS: Final = {
    inbox.name: inbox.c.received_at,
    attempts.name: attempts.c.at,
    resends.name: resends.c.again_at,
    messages.name: messages.c.recorded_at,
    processes.name: processes.c.beat_at,
}
_MESSAGE: Final = {inbox.name: inbox.c.message_id, messages.name: messages.c.id}


def _is_old(session: Session, table: Table, days: float) -> ColumnElement[bool]:
    old = _MOMENTS[table.name] <= database_time(session.dialect, -days * DAY)
    if table.name not in _MESSAGE:
        return old
    return and_(old, ~exists().where(outbox.c.message_id == _MESSAGE[table.name]))
