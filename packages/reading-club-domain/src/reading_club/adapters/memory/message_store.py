"""The message store, in memory."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from messagebus import Message

from reading_club.adapters.memory.database import InMemoryStreamDatabase, InMemoryTransaction
from reading_club.adapters.memory.rows import OutboxRow
from reading_club.eventstream.errors import MessageAlreadyStored
from reading_club.eventstream.ports.outbox import OutboxKey
from reading_club.eventstream.unit_of_work import AbstractMessageStore


class InMemoryMessageStore(AbstractMessageStore):
    """The message store, in memory. ``messages`` are the committed ones, in order."""

    session: InMemoryTransaction[Any]

    @property
    def messages(self) -> Sequence[Message[Any]]:
        """Every committed command and event, in the order in which they were handled."""
        return list(self.session.database.messages.values())

    async def _insert(self, messages: Sequence[Message[Any]]) -> None:
        now, lease = self.session.now, self.lease

        def insert(tables: InMemoryStreamDatabase) -> None:
            for message in messages:
                key = OutboxKey(message.message_id)
                is_sent = lease is not None and message.metadata.published
                if message.message_id in tables.messages or (is_sent and key in tables.outbox):
                    raise MessageAlreadyStored(f"message {message.message_id} is stored already")
                tables.messages[message.message_id] = message
                tables.contexts[message.message_id] = self.contexts[message.message_id]
                tables.recorded[message.message_id] = now
                if lease is not None and is_sent:
                    until = now + timedelta(seconds=lease.seconds)
                    tables.outbox[key] = OutboxRow(key, lease.token, until, added_at=now)

        self.session.write(insert)
