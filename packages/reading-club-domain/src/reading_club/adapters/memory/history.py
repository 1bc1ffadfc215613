"""The history, in memory."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from messagebus import Message
from messagebus.service.eventstream import MessageSerializer

from reading_club.adapters.memory.database import InMemoryStreamDatabase, InMemoryTransaction
from reading_club.eventstream.ports.dead_letters import DeadLetter
from reading_club.eventstream.redaction import (
    Redaction,
    redacted,
    redacted_envelope,
    redacted_error,
)
from reading_club.eventstream.wire import payload_fields, wire_type


class InMemoryHistory:
    """The history, in memory."""

    def __init__(self, transaction: InMemoryTransaction[Any]) -> None:
        self.transaction = transaction

    async def redact(self, redactions: Sequence[Redaction]) -> None:
        """Redact the rows of all tables."""

        def change(tables: InMemoryStreamDatabase) -> None:
            _redact_messages(tables, redactions)
            for key, letter in list(tables.dead_letters.items()):
                tables.dead_letters[key] = _redacted_letter(tables, letter, redactions)
            for row_key, row in list(tables.outbox.items()):
                if row.envelope is not None:
                    envelope = redacted_envelope(row.envelope, redactions)
                    tables.outbox[row_key] = replace(row, envelope=envelope)
            _redact_errors(tables)

        self.transaction.write(change)


def _redact_messages(tables: InMemoryStreamDatabase, redactions: Sequence[Redaction]) -> None:
    for id_, message in list(tables.messages.items()):
        type_, payload = wire_type(message), payload_fields(message)
        if any(redaction.applies_to(type_, payload) for redaction in redactions):
            tables.redacted[id_] = True
            after = redacted(type_, payload, redactions)
            changes = {name: value for name, value in after.items() if value != payload[name]}
            tables.messages[id_] = message.model_copy(update=changes)


def _redact_errors(tables: InMemoryStreamDatabase) -> None:
    for number, entry in list(tables.audit.items()):
        if entry.message_id in tables.redacted:
            error = redacted_error(entry.error)
            tables.audit[number] = entry.model_copy(update={"error": error})
    for number, failure in list(tables.failures.items()):
        if failure.inbox_key.message_id in tables.redacted:
            tables.failures[number] = replace(failure, error=redacted_error(failure.error))


def _redacted_letter(
    tables: InMemoryStreamDatabase, letter: DeadLetter, redactions: Sequence[Redaction]
) -> DeadLetter:
    envelope = redacted_envelope(letter.envelope, redactions)
    if envelope == letter.envelope and letter.message_id not in tables.redacted:
        return letter
    changes = {"envelope": envelope, "error": redacted_error(letter.error)}
    return letter.model_copy(update=changes)


def redacted_message(tables: InMemoryStreamDatabase, message_id: UUID) -> Any:
    """Return the envelope of a message that was redacted, None for any other."""
    message: Message[Any] | None = tables.messages.get(message_id)
    if message is None or message_id not in tables.redacted:
        return None
    return MessageSerializer().serialize_message(message)
