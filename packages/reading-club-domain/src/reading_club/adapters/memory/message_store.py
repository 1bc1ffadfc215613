"""The message store, in memory."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from messagebus import AsyncAbstractEventstreamTransport, Message

from reading_club.adapters.memory.database import (
    InMemoryStreamDatabase,
    InMemoryTransaction,
    OutboxRow,
)
from reading_club.eventstream.errors import MessageAlreadyStored
from reading_club.eventstream.ports.outbox import Lease, OutboxKey
from reading_club.eventstream.unit_of_work import AbstractMessageStore


class InMemoryMessageStore(AbstractMessageStore):
    """The message store, in memory. ``messages`` are the committed ones, in order."""

    def __init__(
        self,
        transport: AsyncAbstractEventstreamTransport,
        transaction: InMemoryTransaction[Any],
    ) -> None:
        super().__init__(transport)
        self._transaction = transaction

    @property
    def messages(self) -> Sequence[Message[Any]]:
        """Every committed command and event, in the order in which they were handled."""
        return list(self._transaction.database.messages.values())

    async def _add(self, message: Message[Any]) -> None:
        now = self._transaction.now

        def insert(tables: InMemoryStreamDatabase) -> None:
            if message.message_id in tables.messages:
                raise MessageAlreadyStored(f"message {message.message_id} is stored already")
            tables.messages[message.message_id] = message
            tables.recorded[message.message_id] = now

        self._transaction.write(insert)
        if self.lease is not None and message.metadata.published:
            self._lease_row(OutboxKey(message.message_id), self.lease)

    def _lease_row(self, key: OutboxKey, lease: Lease) -> None:
        def insert(tables: InMemoryStreamDatabase) -> None:
            until = self._transaction.now + timedelta(seconds=lease.seconds)
            tables.outbox[key] = OutboxRow(key, lease.token, until, added_at=self._transaction.now)

        self._transaction.write(insert)
