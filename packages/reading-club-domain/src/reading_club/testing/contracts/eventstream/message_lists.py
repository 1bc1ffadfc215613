"""What every adapter promises about the lists of messages."""

from datetime import datetime
from uuid import UUID

from lastuuid import uuid7
from messagebus import Event

from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.eventstream.context import MessageContext, using
from reading_club.eventstream.ports.event_lives import (
    ALL_MESSAGES,
    LOOK_BACK,
    MessageFilter,
    MessageSummary,
)
from reading_club.testing.contracts.eventstream.helpers import SendReminder, commit
from reading_club.testing.contracts.eventstream.reconciliation import Reconciling


class MessageListsContract(Reconciling):
    """The messages of the history are listed without their payloads, the newest first.

    Needs the fixtures of ``OutboxContract``.
    """

    async def summaries(
        self, wanted: MessageFilter = ALL_MESSAGES, limit: int = 50
    ) -> list[MessageSummary]:
        """Return the messages that match."""
        async with self.uow_on(RecordingOutboxTransport()) as transaction:
            found = await transaction.uow.lives.list(wanted, limit=limit)
            await transaction.rollback()
        return list(found)

    async def ids(self, wanted: MessageFilter = ALL_MESSAGES, limit: int = 50) -> list[UUID]:
        """Return the ids of the messages that match."""
        return [each.message_id for each in await self.summaries(wanted, limit)]

    async def recorded(self, number: int) -> list[Event]:
        """Return events that were recorded one after the other, with a minute between them."""
        events = [self.make_event() for _ in range(number)]
        for event in events:
            await self.pass_time(60)
            await commit(self.uow_on, event)
        return events

    async def times(self) -> dict[UUID, datetime]:
        """Return when each message was recorded."""
        found = {each.message_id: each.recorded_at for each in await self.summaries()}
        return {id_: at for id_, at in found.items() if at is not None}

    async def test_the_newest_message_is_the_first(self) -> None:
        """A list has the newest messages, up to its limit, also those of one transaction."""
        events = [self.make_event() for _ in range(4)]
        await commit(self.uow_on, *events[:2])
        await self.pass_time(1)
        await commit(self.uow_on, *events[2:])

        newest = [event.message_id for event in events[::-1]]
        assert await self.ids() == newest
        assert await self.ids(limit=3) == newest[:3]
        assert await self.ids(MessageFilter(type=self.type), limit=3) == newest[:3]

    async def test_messages_are_chosen_by_their_time(self) -> None:
        """``since`` is the first time that counts, ``until`` the first one that does not."""
        events = await self.recorded(4)
        times = await self.times()
        first, last = times[events[1].message_id], times[events[3].message_id]

        found = await self.ids(MessageFilter(since=first, until=last))

        assert found == [events[2].message_id, events[1].message_id]
        assert await self.ids(MessageFilter(until=first)) == [events[0].message_id]
        assert await self.ids(MessageFilter(since=last)) == [events[3].message_id]

    async def test_messages_are_chosen_by_type(self) -> None:
        """Commands and events have types."""
        event, command = self.make_event(), SendReminder(text="no")
        await commit(self.uow_on, command, event)

        assert await self.ids(MessageFilter(type="send_reminder_v1")) == [command.message_id]
        assert await self.ids(MessageFilter(type=self.type)) == [event.message_id]
        assert await self.ids(MessageFilter(type="unknown_v1")) == []

    async def test_messages_are_chosen_by_their_correlation(self) -> None:
        """All messages that one request led to have its id."""
        request, events = uuid7(), [self.make_event() for _ in range(3)]
        with using(MessageContext(request)):
            await commit(self.uow_on, events[0], events[1])
        await commit(self.uow_on, events[2])

        found = await self.ids(MessageFilter(correlation_id=request))

        assert found == [events[1].message_id, events[0].message_id]

    async def test_a_list_by_type_looks_back_a_week(self) -> None:
        """Older messages are found by type or correlation if ``since`` is as old."""
        request, event = uuid7(), self.make_event()
        with using(MessageContext(request)):
            await commit(self.uow_on, event)
        await self.pass_time(LOOK_BACK + 60)
        filters = (MessageFilter(type=self.type), MessageFilter(correlation_id=request))
        since = {"since": (await self.times())[event.message_id]}

        for wanted in filters:
            assert await self.ids(wanted) == []
            assert await self.ids(wanted.model_copy(update=since)) == [event.message_id]
        assert await self.ids() == [event.message_id]

    async def test_a_summary_has_what_is_known_of_a_message(self) -> None:
        """Type, times, context, and whether it is published."""
        context = MessageContext(uuid7(), uuid7())
        event = self.make_event()
        with using(context):
            await commit(self.uow_on, event)

        (summary,) = await self.summaries()

        assert (summary.type, summary.created_at) == (self.type, event.created_at)
        assert summary.published
        assert MessageContext(summary.correlation_id, summary.causation_id) == context
