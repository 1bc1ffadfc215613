"""The message store on SQL."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import lru_cache, partial
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from messagebus import Message
from sqlalchemy import Interval, bindparam, func, literal, select
from sqlalchemy.exc import IntegrityError

from reading_club.adapters.uow_sqla import statements
from reading_club.adapters.uow_sqla.eventstream.tables import StreamTables
from reading_club.adapters.uow_sqla.session import Session
from reading_club.eventstream.context import NO_CONTEXT, MessageContext
from reading_club.eventstream.errors import MessageAlreadyStored
from reading_club.eventstream.ports.outbox import ALL_SUBSCRIBERS, Lease, OutboxKey
from reading_club.eventstream.unit_of_work import AbstractMessageStore
from reading_club.eventstream.wire import payload_json, wire_type

ROWS_A_STATEMENT = 500
NO_CONTEXTS: Final[Mapping[UUID, MessageContext]] = MappingProxyType({})


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


def row_of(message: Message[Any], context: MessageContext = NO_CONTEXT) -> dict[str, Any]:
    """Return the message's row in ``messages``, with the payload as JSON text, as on the wire.

    The message's context is in its metadata, whose own fields have other names.
    """
    return {
        "id": message.message_id,
        "created_at": message.created_at,
        "type": wire_type(message),
        "metadata": {**message.metadata.model_dump(), **context.fields},
        "payload": payload_json(message),
    }


def insert_messages(
    tables: StreamTables,
    dialect: str,
    messages: Sequence[Message[Any]],
    lease: Lease | None,
    contexts: Mapping[UUID, MessageContext] = NO_CONTEXTS,
) -> Iterator[statements.Statement]:
    """Yield the statements that insert messages, and with a lease outbox rows of published ones.

    For up to 500 messages it is one statement on PostgreSQL, and one for each table on SQLite.
    """
    rows = [row_of(each, contexts.get(each.message_id, NO_CONTEXT)) for each in messages]
    for start in range(0, len(rows), ROWS_A_STATEMENT):
        yield from _insert_rows(tables, dialect, rows[start : start + ROWS_A_STATEMENT], lease)


def _insert_rows(
    tables: StreamTables, dialect: str, rows: Sequence[Mapping[str, Any]], lease: Lease | None
) -> Iterator[statements.Statement]:
    if lease is not None and dialect == "postgresql":
        statement = _insert_and_lease(tables, tuple(rows[0]))
        leased = {"token": lease.token, "seconds": timedelta(seconds=lease.seconds)}
        yield statement, {**statements.arrays_of(rows), **leased}
        return
    into = partial(statements.insert_into, dialect)
    yield statements.many(dialect, into(tables.messages), rows)
    published = [row["id"] for row in rows if row["metadata"]["published"]]
    if lease is not None and published:
        yield statements.many(
            dialect,
            into(tables.outbox),
            [OutboxKey(id_)._asdict() for id_ in published],
            constants={"token": lease.token, "attempts": 0},
            timestamps={"leased_until": lease.seconds},
        )


@contextmanager
def refusing_stored() -> Iterator[None]:
    """Raise MessageAlreadyStored for a violated constraint of the block."""
    try:
        yield
    except IntegrityError as exc:
        raise MessageAlreadyStored("a message with this id is stored already") from exc


class SQLMessageStore(AbstractMessageStore):
    """Collects the messages of a transaction, and inserts them all at its commit.

    One statement inserts up to 500 messages, with their outbox rows on PostgreSQL.
    """

    session: Session

    async def _insert(self, messages: Sequence[Message[Any]]) -> None:
        session = self.session
        tables, dialect = session.tables, session.dialect
        inserts = insert_messages(tables, dialect, messages, self.lease, self.contexts)
        with refusing_stored():
            for statement, parameters in inserts:
                await session.execute_cached(statement, parameters)
