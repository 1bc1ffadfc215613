"""The transaction's side of the outbox, on SQL."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, exists, literal, select

from reading_club.adapters.uow_sqla.eventstream.tables import StreamTables
from reading_club.adapters.uow_sqla.session import Session
from reading_club.adapters.uow_sqla.statements import (
    Insert,
    insert_into,
    insert_many,
    insert_new_into,
)
from reading_club.adapters.uow_sqla.types import database_time
from reading_club.eventstream.ports.outbox import NO_LEASE, Lease, OutboxKey


class SQLOutboxWriter:
    """The transaction's side of the outbox: inserts rows."""

    def __init__(self, session: Session, tables: StreamTables) -> None:
        self.session = session
        self.tables = tables

    async def add(self, key: OutboxKey, envelope: Mapping[str, Any] | None = None) -> None:
        """Insert a row that is due at the commit, unless the event has one for the subscriber."""
        await self._add_all([key], envelope)

    async def defer(
        self, key: OutboxKey, envelope: Mapping[str, Any], *, pause: float, reason: str
    ) -> None:
        """Insert or replace the row, due in ``pause`` seconds, unless received or dead-lettered."""
        await _upsert_deferred(self.session, self.tables, key, envelope, pause=pause, reason=reason)

    async def add_all(self, keys: Sequence[OutboxKey]) -> None:
        """Insert rows of many stored messages as ``add`` does, by one statement."""
        if keys:
            await self._add_all(keys)

    async def _add_all(self, keys: Sequence[OutboxKey], envelope: Any = None) -> None:
        insert = insert_new_into(self.session.dialect, self.tables.outbox)
        await self._insert(insert, keys, Lease(0.0, NO_LEASE), envelope)

    async def add_leased(self, message_ids: Sequence[UUID], lease: Lease) -> None:
        """Insert rows that bear the lease's token."""
        if message_ids:
            keys = [OutboxKey(id_) for id_ in message_ids]
            await self._insert(insert_into(self.session.dialect, self.tables.outbox), keys, lease)

    async def _insert(
        self,
        insert: Insert,
        keys: Sequence[OutboxKey],
        lease: Lease,
        envelope: Mapping[str, Any] | None = None,
    ) -> None:
        await insert_many(
            self.session,
            insert,
            [key._asdict() for key in keys],
            constants={"token": lease.token, "attempts": 0, "envelope": envelope},
            timestamps={"leased_until": lease.seconds},
        )


async def _upsert_deferred(
    session: Session,
    tables: StreamTables,
    key: OutboxKey,
    envelope: Mapping[str, Any],
    *,
    pause: float,
    reason: str,
) -> None:
    """Insert the event's outbox row, due in ``pause`` seconds, unless received or dead-lettered.

    The new row replaces an existing one, also one that is leased.
    """
    dialect = session.dialect
    row = {**key._asdict(), "token": NO_LEASE, "attempts": 0, "envelope": dict(envelope)}
    row |= {"reason": reason, "attempted": True}
    outbox = tables.outbox
    values = [literal(value, outbox.c[name].type).label(name) for name, value in row.items()]
    until = database_time(dialect, pause).label("leased_until")
    waiting = select(*values, until).where(*_not_done(tables, key))
    insert = insert_into(dialect, outbox).from_select([*row, "leased_until"], waiting)
    replaced = {name: insert.excluded[name] for name in [*row, "leased_until"]}
    keys = ["message_id", "subscriber"]
    await session.write(insert.on_conflict_do_update(index_elements=keys, set_=replaced))


def _not_done(tables: StreamTables, key: OutboxKey) -> Sequence[ColumnElement[bool]]:
    """Return the conditions that the message has neither an inbox row nor a dead letter."""
    return [
        ~exists().where(table.c.message_id == key.message_id, table.c.subscriber == key.subscriber)
        for table in (tables.inbox, tables.dead_letters)
    ]
