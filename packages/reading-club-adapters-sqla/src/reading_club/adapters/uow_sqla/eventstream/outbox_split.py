"""Inserts one outbox row a subscriber, in place of one for all subscribers, on SQL."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Table, select

from reading_club.adapters.uow_sqla.eventstream.tables import StreamTables
from reading_club.adapters.uow_sqla.session import Session
from reading_club.adapters.uow_sqla.statements import in_values, insert_many, insert_new_into
from reading_club.eventstream.ports.outbox import ALL_SUBSCRIBERS, NO_LEASE, OutboxKey


async def insert_for_subscribers(
    session: Session,
    tables: StreamTables,
    types: Mapping[UUID, str],
    envelopes: Mapping[UUID, Any],
    retry_in: float,
) -> None:
    """Insert a row for each subscriber to a message's type; existing rows stay.

    ``envelopes`` are of messages that are not stored. A message without subscribers gets a row
    for all subscribers again, due in ``retry_in`` seconds.
    """
    hearing = await _subscribers(session, tables, set(types.values()))
    keys = [OutboxKey(id_, name) for id_, type_ in types.items() for name in hearing[type_]]
    unheard = [
        OutboxKey(id_, ALL_SUBSCRIBERS) for id_, type_ in types.items() if not hearing[type_]
    ]
    for wanted, pause in ((keys, 0.0), (unheard, retry_in)):
        pointers = [key for key in wanted if envelopes.get(key.message_id) is None]
        await _insert(session, tables.outbox, pointers, None, pause)
        for key in wanted:
            if (envelope := envelopes.get(key.message_id)) is not None:
                await _insert(session, tables.outbox, [key], envelope, pause)


async def _subscribers(
    session: Session, tables: StreamTables, types: Collection[str]
) -> Mapping[str, Sequence[str]]:
    query = select(tables.subscriptions).where(
        in_values(session, tables.subscriptions.c.type, types)
    )
    hearing = defaultdict[str, list[str]](list)
    for row in await session.read(query):
        hearing[row.type].append(row.subscriber)
    return hearing


async def _insert(
    session: Session, outbox: Table, keys: Sequence[OutboxKey], envelope: Any, pause: float
) -> None:
    if keys:
        await insert_many(
            session,
            insert_new_into(session.dialect, outbox),
            [key._asdict() for key in keys],
            constants={"token": NO_LEASE, "attempts": 0, "envelope": envelope},
            timestamps={"leased_until": pause, "added_at": 0.0},
        )
