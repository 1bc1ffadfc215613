"""The outbox on SQL."""

from collections.abc import Collection, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, delete, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.uow_sqla.eventstream.dead_letters import insert_letter
from reading_club.adapters.uow_sqla.eventstream.outbox_split import insert_for_subscribers
from reading_club.adapters.uow_sqla.eventstream.tables import StreamTables
from reading_club.adapters.uow_sqla.session import Session, transaction
from reading_club.adapters.uow_sqla.statements import (
    in_values,
)
from reading_club.adapters.uow_sqla.types import database_time, seconds_since
from reading_club.eventstream.dead_letters.writer import build_unsendable
from reading_club.eventstream.ports.outbox import Lease, OutboxKey, OutboxMessage


class SQLOutbox:
    """The relay's and the sender's side of the outbox: each method is a transaction of its own."""

    def __init__(self, engine: AsyncEngine, tables: StreamTables) -> None:
        self.engine = engine
        self.tables = tables

    async def claim(self, limit: int, lease: Lease) -> Sequence[OutboxMessage]:
        """Lease up to ``limit`` rows whose lease has expired, oldest first; skips locked rows."""
        outbox = self.tables.outbox
        async with transaction(self.engine, self.tables.metadata) as session:
            dialect, key = session.dialect, outbox.primary_key.columns
            now = database_time(dialect)
            due = (
                select(*key)
                .where(outbox.c.leased_until <= now)
                .order_by(*key)
                .limit(limit)
                .with_for_update(skip_locked=True)
                .cte("due")
            )
            claimed = (
                update(outbox)
                .where(*[column == due.c[column.name] for column in key])
                .values(token=lease.token, leased_until=database_time(dialect, lease.seconds))
                .returning(*outbox.c, seconds_since(dialect, outbox.c.added_at).label("age"))
            )
            return await self._outgoing(session, (await session.write(claimed)).all())

    async def delete(self, token: UUID, keys: Collection[OutboxKey]) -> None:
        """Delete rows that bear the token, by one statement for each value of ``subscriber``."""
        async with transaction(self.engine, self.tables.metadata) as session:
            for mine in self._held_by(session, token, keys):
                await session.write(delete(self.tables.outbox).where(mine))

    async def release(
        self,
        token: UUID,
        keys: Collection[OutboxKey],
        *,
        retry_in: float = 0.0,
        reason: str | None = None,
    ) -> None:
        """Make rows that bear the token due in ``retry_in`` seconds; note the reason, if any."""
        async with transaction(self.engine, self.tables.metadata) as session:
            changes: dict[str, Any] = {"leased_until": database_time(session.dialect, retry_in)}
            if reason is not None:
                changes["reason"] = reason
            for mine in self._held_by(session, token, keys):
                await session.write(update(self.tables.outbox).where(mine).values(changes))

    async def split(
        self, token: UUID, keys: Collection[OutboxKey], *, retry_in: float = 0.0
    ) -> None:
        """Replace each row that bears the token by one row a subscriber, in one transaction."""
        outbox = self.tables.outbox
        async with transaction(self.engine, self.tables.metadata) as session:
            for mine in self._held_by(session, token, keys):
                taken = delete(outbox).where(mine).returning(*outbox.c)
                rows = (await session.write(taken)).all()
                events = await self._outgoing(session, rows)
                types = {e.key.message_id: str(e.envelope.get("type", "")) for e in events}
                envelopes = {row.message_id: row.envelope for row in rows}
                await insert_for_subscribers(session, self.tables, types, envelopes, retry_in)

    async def fail(
        self, token: UUID, failures: Mapping[OutboxKey, str], *, retry_in: float
    ) -> None:
        """Count an attempt for rows that bear the token; they are due in ``retry_in`` seconds."""
        outbox = self.tables.outbox
        async with transaction(self.engine, self.tables.metadata) as session:
            later = database_time(session.dialect, retry_in)
            counted = {"leased_until": later, "attempts": outbox.c.attempts + 1}
            for mine in self._held_by(session, token, failures):
                await session.write(update(outbox).where(mine).values(counted))

    async def dead_letter(self, token: UUID, failures: Mapping[OutboxKey, str]) -> None:
        """Move rows that bear the token to the dead letters."""
        outbox = self.tables.outbox
        async with transaction(self.engine, self.tables.metadata) as session:
            # Begin as a writer: SQLite may refuse to turn a reader into one.
            now = (await session.write(select(database_time(session.dialect)))).scalar_one()
            for mine in self._held_by(session, token, failures):
                removed = delete(outbox).where(mine).returning(*outbox.c)
                for event in await self._outgoing(session, (await session.write(removed)).all()):
                    letter = build_unsendable(event, failures[event.key], now)
                    await insert_letter(session, self.tables, letter)

    def _held_by(
        self, session: Session, token: UUID, keys: Collection[OutboxKey]
    ) -> Sequence[ColumnElement[bool]]:
        """Return a condition per subscriber: the row is one of these, and still bears the token."""
        outbox = self.tables.outbox
        by_subscriber = groupby(
            sorted(keys, key=attrgetter("subscriber")), attrgetter("subscriber")
        )
        return [
            and_(
                outbox.c.token == token,
                outbox.c.subscriber == subscriber,
                in_values(session, outbox.c.message_id, [key.message_id for key in group]),
            )
            for subscriber, group in by_subscriber
        ]

    async def _outgoing(
        self, session: Session, rows: Sequence[Row[Any]]
    ) -> Sequence[OutboxMessage]:
        """Return the events of outbox rows, with their envelopes, the oldest first."""
        messages = self.tables.messages
        wanted = [row.message_id for row in rows if row.envelope is None]
        stored: dict[UUID, dict[str, str]] = {}
        if wanted:
            found = await session.read(
                select(messages).where(in_values(session, messages.c.id, wanted))
            )
            stored = {row.id: _envelope(row) for row in found}
        return [
            OutboxMessage(
                OutboxKey(row.message_id, row.subscriber),
                row.envelope or stored.get(row.message_id, {}),
                row.attempts,
                getattr(row, "age", 0.0),
                row.attempted,
            )
            for row in sorted(rows, key=lambda row: (row.message_id, row.subscriber))
        ]


def _envelope(row: Row[Any]) -> dict[str, str]:
    """Return the message's envelope, as the unit of work itself publishes it."""
    return {
        "id": str(row.id),
        "created_at": row.created_at.isoformat(),
        "type": row.type,
        "payload": row.payload,
    }
