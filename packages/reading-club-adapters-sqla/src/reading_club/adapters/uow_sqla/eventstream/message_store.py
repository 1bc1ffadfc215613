"""The message store on SQL."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import lru_cache
from typing import Any

from messagebus import AsyncAbstractEventstreamTransport, Message
from sqlalchemy import Interval, bindparam, func, literal, select
from sqlalchemy.exc import IntegrityError

from reading_club.adapters.uow_sqla.eventstream.outbox_writer import SQLOutboxWriter
from reading_club.adapters.uow_sqla.eventstream.tables import StreamTables
from reading_club.adapters.uow_sqla.session import Session
from reading_club.adapters.uow_sqla.statements import (
    Insert,
    arrays_of,
    insert_arrays,
    insert_into,
    insert_many,
)
from reading_club.eventstream.errors import MessageAlreadyStored
from reading_club.eventstream.ports.outbox import ALL_SUBSCRIBERS
from reading_club.eventstream.unit_of_work import AbstractMessageStore
from reading_club.eventstream.wire import payload_json, wire_type

ROWS_A_STATEMENT = 500


@lru_cache(maxsize=4)
def _insert_and_lease(tables: StreamTables, names: tuple[str, ...]) -> Insert:
    """Return an INSERT of messages that also inserts leased outbox rows of published ones."""
    messages, outbox = tables.messages, tables.outbox
    published = messages.c.metadata["published"].as_boolean()
    insert = insert_arrays(insert_into("postgresql", messages), names)
    stored = insert.returning(messages.c.id, published.label("published")).cte("stored")
    leased = {
        outbox.c.message_id: stored.c.id,
        outbox.c.subscriber: literal(ALL_SUBSCRIBERS),
        outbox.c.token: bindparam("token", type_=outbox.c.token.type),
        outbox.c.leased_until: func.clock_timestamp() + bindparam("seconds", type_=Interval),
        outbox.c.attempts: literal(0),
    }
    rows = select(*leased.values()).where(stored.c.published)
    return insert_into("postgresql", outbox).from_select(list(leased), rows)


def row_of(message: Message[Any]) -> dict[str, Any]:
    """Return the message's row in ``messages``, with the payload as JSON text, as on the wire."""
    metadata = message.metadata
    return {
        "id": message.message_id,
        "created_at": message.created_at,
        "type": wire_type(message),
        "metadata": metadata.model_dump(),
        "payload": payload_json(message),
    }


class SQLMessageStore(AbstractMessageStore):
    """Collects the messages of a transaction, and inserts them all at its commit."""

    def __init__(
        self,
        transport: AsyncAbstractEventstreamTransport,
        session: Session,
        tables: StreamTables,
    ) -> None:
        super().__init__(transport)
        self.session = session
        self.tables = tables
        self._rows: list[dict[str, Any]] = []

    async def _add(self, message: Message[Any]) -> None:
        self._rows.append(row_of(message))

    async def flush(self) -> None:
        """Insert the added messages in their order, up to 500 by one statement.

        With a lease, each message to be published gets a leased outbox row. Raises
        MessageAlreadyStored.
        """
        rows, self._rows = self._rows, []
        for start in range(0, len(rows), ROWS_A_STATEMENT):
            try:
                await self._insert(rows[start : start + ROWS_A_STATEMENT])
            except IntegrityError as exc:
                raise MessageAlreadyStored("a message with this id is stored already") from exc

    async def _insert(self, rows: Sequence[Mapping[str, Any]]) -> None:
        insert = insert_into(self.session.dialect, self.tables.messages)
        if self.lease is None:
            await insert_many(self.session, insert, rows)
        elif self.session.dialect == "postgresql":
            lease = {"token": self.lease.token, "seconds": timedelta(seconds=self.lease.seconds)}
            statement = _insert_and_lease(self.tables, tuple(rows[0]))
            await self.session.execute_cached(statement, {**arrays_of(rows), **lease})
        else:
            await insert_many(self.session, insert, rows)
            published = [row["id"] for row in rows if row["metadata"]["published"]]
            await SQLOutboxWriter(self.session, self.tables).add_leased(published, self.lease)
