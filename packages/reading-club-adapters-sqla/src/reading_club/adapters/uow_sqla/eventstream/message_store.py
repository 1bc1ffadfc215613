"""The message store on SQL."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import lru_cache, partial
from typing import Any

from messagebus import Message
from sqlalchemy import Interval, bindparam, func, literal, select
from sqlalchemy.exc import IntegrityError

from reading_club.adapters.uow_sqla import statements
from reading_club.adapters.uow_sqla.eventstream.tables import StreamTables
from reading_club.adapters.uow_sqla.session import Session
from reading_club.eventstream.errors import MessageAlreadyStored
from reading_club.eventstream.ports.outbox import ALL_SUBSCRIBERS, OutboxKey
from reading_club.eventstream.unit_of_work import AbstractMessageStore
from reading_club.eventstream.wire import payload_json, wire_type

ROWS_A_STATEMENT = 500


@lru_cache(maxsize=4)
def _insert_and_lease(tables: StreamTables, names: tuple[str, ...]) -> statements.Insert:
    """Return an INSERT of messages that also inserts leased outbox rows of published ones."""
    messages, outbox = tables.messages, tables.outbox
    published = messages.c.metadata["published"].as_boolean()
    insert = statements.insert_arrays(statements.insert_into("postgresql", messages), names)
    stored = insert.returning(messages.c.id, published.label("published")).cte("stored")
    leased = {
        outbox.c.message_id: stored.c.id,
        outbox.c.subscriber: literal(ALL_SUBSCRIBERS),
        outbox.c.token: bindparam("token", type_=outbox.c.token.type),
        outbox.c.leased_until: func.clock_timestamp() + bindparam("seconds", type_=Interval),
        outbox.c.attempts: literal(0),
    }
    rows = select(*leased.values()).where(stored.c.published)
    return statements.insert_into("postgresql", outbox).from_select(list(leased), rows)


def row_of(message: Message[Any]) -> dict[str, Any]:
    """Return the message's row in ``messages``, with the payload as JSON text, as on the wire."""
    return {
        "id": message.message_id,
        "created_at": message.created_at,
        "type": wire_type(message),
        "metadata": message.metadata.model_dump(),
        "payload": payload_json(message),
    }


class SQLMessageStore(AbstractMessageStore):
    """Collects the messages of a transaction, and inserts them all at its commit.

    One statement inserts up to 500 messages, with their outbox rows on PostgreSQL.
    """

    session: Session

    async def _insert(self, messages: Sequence[Message[Any]]) -> None:
        rows = [row_of(message) for message in messages]
        for start in range(0, len(rows), ROWS_A_STATEMENT):
            try:
                await self._insert_rows(rows[start : start + ROWS_A_STATEMENT])
            except IntegrityError as exc:
                raise MessageAlreadyStored("a message with this id is stored already") from exc

    async def _insert_rows(self, rows: Sequence[Mapping[str, Any]]) -> None:
        session, lease = self.session, self.lease
        if lease is not None and session.dialect == "postgresql":
            statement = _insert_and_lease(session.tables, tuple(rows[0]))
            leased = {"token": lease.token, "seconds": timedelta(seconds=lease.seconds)}
            await session.execute_cached(statement, {**statements.arrays_of(rows), **leased})
            return
        into = partial(statements.insert_into, session.dialect)
        await statements.insert_many(session, into(session.tables.messages), rows)
        published = [row["id"] for row in rows if row["metadata"]["published"]]
        if lease is not None and published:
            await statements.insert_many(
                session,
                into(session.tables.outbox),
                [OutboxKey(id_)._asdict() for id_ in published],
                constants={"token": lease.token, "attempts": 0},
                timestamps={"leased_until": lease.seconds},
            )
