"""The history on SQL: its redaction, and messages that were redacted."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import ARRAY, ColumnElement, Row, Table, Text, TextClause
from sqlalchemy.dialects import postgresql

from reading_club.adapters.uow_sqla.rewriting import rewrite
from reading_club.adapters.uow_sqla.session import Session
from reading_club.eventstream.redaction import (
    Redaction,
    redacted_envelope,
    redacted_error,
    redacted_json,
)


class SQLHistory:
    """The tables that hold texts of messages, or of errors with them, to be redacted."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def redact(self, redactions: Sequence[Redaction]) -> None:
        """Update the rows in batches; each table is read once.

        Messages come first: a transaction that stores another envelope of one waits for the end.
        So does the step of a rebuild: it reads and writes before the redaction, or after it.
        """
        session, tables = self.session, self.session.tables
        if session.dialect == "postgresql":
            await session.write(_lock(tables.projections))
        ids = set[UUID]()

        def message(row: Row[Any]) -> Mapping[str, Any]:
            ids.add(row.id)
            payload = redacted_json(row.type, row.payload, redactions)
            unchanged = row.redacted and payload == row.payload
            return {} if unchanged else {"payload": payload, "redacted": True}

        concerned = names_an_id(session, tables.messages, redactions)
        await rewrite(session, tables.messages, message, concerned)
        await rewrite(session, tables.dead_letters, _dead_letter(redactions, ids))
        sent = tables.outbox.c.envelope.is_not(None)
        await rewrite(session, tables.outbox, _outbox_row(redactions), sent)
        for table in (tables.audit, tables.failures):
            await rewrite(session, table, _error(ids))


def _lock(table: Table) -> TextClause:
    """Return the statement that waits for transactions that changed rows, and lets none begin."""
    name = postgresql.dialect().identifier_preparer.format_table(table)  # type: ignore[no-untyped-call]
    return sa.text(f"LOCK TABLE {name} IN SHARE MODE")


def _error(ids: set[UUID]) -> Callable[[Row[Any]], Mapping[str, Any]]:
    return lambda row: {"error": redacted_error(row.error)} if row.message_id in ids else {}


def _dead_letter(
    redactions: Sequence[Redaction], ids: set[UUID]
) -> Callable[[Row[Any]], Mapping[str, Any]]:
    def change(row: Row[Any]) -> Mapping[str, Any]:
        envelope = redacted_envelope(row.envelope, redactions)
        if envelope == row.envelope and row.message_id not in ids:
            return {}
        return {"envelope": envelope, "error": redacted_error(row.error)}

    return change


def _outbox_row(redactions: Sequence[Redaction]) -> Callable[[Row[Any]], Mapping[str, Any]]:
    def change(row: Row[Any]) -> Mapping[str, Any]:
        envelope = redacted_envelope(row.envelope, redactions)
        return {} if envelope == row.envelope else {"envelope": envelope}

    return change


def names_an_id(
    session: Session, table: Table, redactions: Sequence[Redaction]
) -> ColumnElement[bool]:
    """Return the condition that one of the redactions applies to a row's type and payload."""
    conditions = [
        (table.c.type == redaction.type)
        & _in_texts(session, table.c.payload[redaction.field].as_string(), redaction)
        for redaction in redactions
    ]
    return sa.or_(sa.false(), *conditions)


def _in_texts(
    session: Session, text: ColumnElement[str], redaction: Redaction
) -> ColumnElement[bool]:
    """Return the condition that a text is an id: one parameter for any number of them."""
    ids = sorted(map(str, redaction.ids))
    if session.dialect == "postgresql":
        return text == sa.any_(sa.bindparam(None, ids, type_=ARRAY(Text)))
    each = sa.func.json_each(json.dumps(ids)).table_valued("value")
    return text.in_(sa.select(each.c.value))


async def redacted_message(session: Session, message_id: UUID) -> dict[str, str] | None:
    """Return the envelope of a stored message that was redacted, None for any other message.

    Waits for a redaction of the message, and makes a later one wait for this transaction.
    """
    messages = session.tables.messages
    stored = sa.select(messages).where(messages.c.id == message_id).with_for_update(read=True)
    row = (await session.write(stored)).one_or_none()
    return None if row is None or not row.redacted else envelope_of(row)


def envelope_of(row: Row[Any]) -> dict[str, str]:
    """Return the envelope of a row of ``messages``, as the unit of work itself publishes it."""
    return {
        "id": str(row.id),
        "created_at": row.created_at.isoformat(),
        "type": row.type,
        "payload": row.payload,
    }
