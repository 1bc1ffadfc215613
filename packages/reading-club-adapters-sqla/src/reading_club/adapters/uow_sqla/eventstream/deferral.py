"""Outbox rows of events that a subscriber has deferred, on SQL."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, exists, literal, select

from reading_club.adapters.uow_sqla.clock import database_time
from reading_club.adapters.uow_sqla.eventstream.tables import StreamTables
from reading_club.adapters.uow_sqla.session import Session
from reading_club.adapters.uow_sqla.statements import insert_into
from reading_club.eventstream.ports.outbox import NO_LEASE, OutboxKey


async def upsert_deferred(
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
