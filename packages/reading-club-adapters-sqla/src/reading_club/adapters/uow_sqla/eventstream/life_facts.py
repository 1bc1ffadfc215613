"""The rows of one message in the tables of the stream, on SQL: each read by a key."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Table, select

from reading_club.adapters.uow_sqla.eventstream.dead_letter_rows import read_dead_letters
from reading_club.adapters.uow_sqla.session import Session
from reading_club.adapters.uow_sqla.statements import in_values
from reading_club.eventstream.life_steps import (
    AttemptFact,
    DeadLetterFact,
    LifeFacts,
    OutboxFact,
)
from reading_club.eventstream.ports.dead_letters import RELAY, AuditEntry
from reading_club.eventstream.ports.event_lives import MOST_AUDITED, MessageSummary


async def facts_of(session: Session, message: MessageSummary) -> LifeFacts:
    """Return the rows of the message.

    Tables whose key begins with the subscriber are asked for the subscribers with a subscription,
    the relay, and those in the message's other rows.
    """
    tables, rows = session.tables, _RowsOf(session, message.message_id)
    outbox, failures = await rows.of(tables.outbox), await rows.of(tables.failures)
    names = await _subscribers(session)
    names |= {row.subscriber for row in (*outbox, *failures)}
    return LifeFacts(
        message=message,
        outbox=[_outbox_fact(row) for row in outbox],
        handled=[(row.subscriber, row.received_at) for row in await rows.of(tables.inbox, names)],
        counted=[_attempt_fact(row) for row in await rows.of(tables.attempts, names)],
        failures=[_attempt_fact(row, row.error) for row in failures],
        dead_letters=await rows.dead_letters(names),
        audit=await rows.audit(),
        resends=[(row.subscriber, row.number) for row in await rows.of(tables.resends, names)],
        returned=[(row.subscriber, row.at) for row in await rows.of(tables.returned, names)],
    )


async def _subscribers(session: Session) -> set[str]:
    names = select(session.tables.subscriptions.c.subscriber).distinct()
    return {RELAY, *(await session.read(names)).scalars()}


class _RowsOf:
    """The rows of one message."""

    def __init__(self, session: Session, message_id: UUID) -> None:
        self.session = session
        self.message_id = message_id

    async def of(
        self, table: Table, subscribers: Collection[str] | None = None
    ) -> Sequence[Row[Any]]:
        """Return the rows of a table, but for envelopes, in the order of its key."""
        columns = [column for column in table.columns if column.name != "envelope"]
        query = select(*columns).where(table.c.message_id == self.message_id)
        if subscribers is not None:
            query = query.where(in_values(self.session, table.c.subscriber, subscribers))
        return (await self.session.read(query.order_by(*table.primary_key.columns))).all()

    async def dead_letters(self, subscribers: Collection[str]) -> Sequence[DeadLetterFact]:
        """Return its dead letters, also one whose other fields cannot be read."""
        columns = self.session.tables.dead_letters.c
        mine = in_values(self.session, columns.subscriber, subscribers)
        letters = await read_dead_letters(self.session, mine, columns.message_id == self.message_id)
        return [
            DeadLetterFact(
                each.subscriber, each.set_aside_at, each.attempts, each.parked, each.error
            )
            for each in letters
        ]

    async def audit(self) -> Sequence[AuditEntry]:
        """Return the commands on its dead letters, among the newest of all: there is no index."""
        table = self.session.tables.audit
        newest = select(table).order_by(table.c.id.desc()).limit(MOST_AUDITED).subquery()
        query = select(newest).where(newest.c.message_id == self.message_id)
        rows = await self.session.read(query.order_by(newest.c.id))
        return [AuditEntry.model_validate(row._asdict()) for row in rows]


def _attempt_fact(row: Row[Any], error: str = "") -> AttemptFact:
    return AttemptFact(row.subscriber, row.number, row.at, error)


def _outbox_fact(row: Row[Any]) -> OutboxFact:
    return OutboxFact(
        row.subscriber, row.added_at, row.leased_until, row.attempts, row.reason, row.attempted
    )
