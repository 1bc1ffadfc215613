"""In-memory adapter of the failed attempts."""

from dataclasses import replace
from typing import Any

from reading_club.adapters.memory.database import InMemoryStreamDatabase, InMemoryTransaction
from reading_club.adapters.memory.rows import Failure
from reading_club.eventstream.ports.inbox import InboxKey
from reading_club.eventstream.redaction import redacted_error


class InMemoryFailures:
    """The failed attempts, in memory."""

    def __init__(self, transaction: InMemoryTransaction[Any]) -> None:
        self.transaction = transaction

    async def record(self, inbox_key: InboxKey, number: int, error: str) -> None:
        """Add a failed attempt; its error is redacted if the message was."""
        failure = Failure(inbox_key, number, self.transaction.now, error)
        self.transaction.write(lambda tables: _add(tables, failure))

    async def record_lost(self, inbox_key: InboxKey, number: int, error: str) -> None:
        """Add an attempt that never ended, unless one with this number is recorded."""
        known = self.transaction.tables.failures.values()
        if not any((each.inbox_key, each.number) == (inbox_key, number) for each in known):
            await self.record(inbox_key, number, error)


def _add(tables: InMemoryStreamDatabase, failure: Failure) -> None:
    if failure.inbox_key.message_id in tables.redacted:
        failure = replace(failure, error=redacted_error(failure.error))
    tables.failures[len(tables.failures)] = failure
