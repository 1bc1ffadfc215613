"""What every message store and outbox promise about the contexts of messages."""

from typing import Any
from uuid import UUID

import pytest
from lastuuid import uuid7

from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.eventstream.context import MessageContext, using
from reading_club.eventstream.ports.outbox import Lease, OutboxKey
from reading_club.testing.contracts.eventstream.helpers import (
    OutboxFixtures,
    SendReminder,
    commit,
    waiting,
)
from reading_club.testing.contracts.eventstream.message_store import History

REQUEST = MessageContext(
    uuid7(), uuid7(), "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
)


class MessageContextContract(OutboxFixtures):
    """The context of a message is in the history, and with each of its outbox rows.

    Needs the fixtures of ``OutboxContract``, and ``history``, see ``History``.
    """

    @pytest.fixture(autouse=True)
    def _history(self, history: History) -> None:
        self.history = history

    async def contexts(self) -> dict[UUID, MessageContext]:
        """Read the contexts in the metadata of the history, by the id of the message."""
        rows = await self.history()
        return {row["id"]: MessageContext.from_fields(row["metadata"]) for row in rows}

    async def test_a_command_begins_and_causes(self) -> None:
        """Without a request all messages have the id of the first one as correlation id.

        The cause of an event is the command that was handled before it.
        """
        first, second = SendReminder(text="first"), SendReminder(text="second")
        event, later = self.make_event(), self.make_event()

        await commit(self.uow_on, first, event, second, later)

        begun = MessageContext(first.message_id)
        assert await self.contexts() == {
            first.message_id: begun,
            event.message_id: MessageContext(first.message_id, first.message_id),
            second.message_id: begun,
            later.message_id: MessageContext(first.message_id, second.message_id),
        }

    async def test_messages_inherit_the_current_context(self) -> None:
        """A command has the context of its request; its event has the command as its cause."""
        command, event = SendReminder(text="inherits"), self.make_event()
        with using(REQUEST):
            await commit(self.uow_on, command, event)

        of_event = MessageContext(REQUEST.correlation_id, command.message_id, REQUEST.traceparent)
        assert await self.contexts() == {command.message_id: REQUEST, event.message_id: of_event}

    async def test_each_event_of_a_batch_is_a_cause_of_its_own(self) -> None:
        """In one transaction, messages inherit from the event that was handled when they came."""
        one, two = self.make_event(), self.make_event()
        causes = [MessageContext(uuid7(), uuid7()) for _ in range(2)]
        async with self.uow_on(RecordingOutboxTransport()) as transaction:
            for event, cause in zip((one, two), causes, strict=True):
                with using(cause):
                    await transaction.uow.messagestore.add(event)
            await transaction.commit()

        ids = [one.message_id, two.message_id]
        assert await self.contexts() == dict(zip(ids, causes, strict=True))

    async def test_metadata_without_a_context_is_as_before(self) -> None:
        """An unknown part has no key in the metadata."""
        event = self.make_event()
        await commit(self.uow_on, event)

        (row,) = await self.history()
        known = {*event.metadata.model_dump(), "correlation_id"}
        assert row["metadata"].keys() == known

    async def test_a_transport_gets_the_context_that_is_stored(self) -> None:
        """The sender publishes an event in the context of the history."""
        command, event = SendReminder(text="sent"), self.make_event()
        with using(REQUEST):
            transport = await commit(self.uow_on, command, event)

        contexts = await self.contexts()
        assert transport.contexts == [contexts[event.message_id]]

    async def test_the_relay_gets_the_context_that_is_stored(self) -> None:
        """A claimed row has the context, and its envelope does not."""
        event = self.make_event()
        with using(REQUEST):
            await commit(self.uow_on, event)

        (row,) = await waiting(self.outbox)
        assert row.context == REQUEST
        assert row.envelope.keys() == {"id", "created_at", "type", "payload"}

    async def test_a_row_with_an_envelope_has_the_context_of_its_message(self) -> None:
        """Deferred and retried events keep their context; a message of another origin has none."""
        event, foreign = self.make_event(), self.make_event()
        with using(REQUEST):
            transport = await commit(self.uow_on, event, lease=Lease(60.0))
        (envelope,) = transport.handed_over
        async with self.uow_on(RecordingOutboxTransport()) as transaction:
            key, outbox = OutboxKey(event.message_id, "catalogue"), transaction.uow.outbox
            await outbox.defer(key, envelope, pause=0.0, reason="early")
            await outbox.add(OutboxKey(foreign.message_id), _envelope_of(foreign))
            await transaction.commit()

        rows = await waiting(self.outbox)
        assert {row.key.message_id: row.context for row in rows} == {
            event.message_id: REQUEST,
            foreign.message_id: MessageContext(),
        }


def _envelope_of(event: Any) -> dict[str, Any]:
    return {"id": str(event.message_id), "type": "foreign_v1", "payload": "{}"}
