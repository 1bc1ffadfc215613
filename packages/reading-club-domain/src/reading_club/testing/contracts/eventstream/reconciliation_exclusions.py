"""Which events no reconciler re-sends, also of a process whose clock is wrong."""

from datetime import timedelta

import pytest
from messagebus import Event

from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.eventstream.ports.dead_letters import RELAY
from reading_club.eventstream.ports.outbox import ALL_SUBSCRIBERS, OutboxKey
from reading_club.testing.contracts.eventstream.helpers import SendReminder, keys, waiting
from reading_club.testing.contracts.eventstream.reconciliation import AFTER, HORIZON, Reconciling

WRONG = pytest.mark.parametrize(
    "off", [timedelta(days=-9), timedelta(hours=2)], ids=["9 days behind", "2 hours ahead"]
)


class ReconciliationExclusionsContract(Reconciling):
    """Young, old, handled, dead-lettered, waiting and unsubscribed events are not re-sent.

    Needs the fixtures of ``OutboxContract``.
    """

    async def test_a_young_event_is_not_missing(self) -> None:
        """A young event may still be on its way."""
        await self.subscribe()
        await self.publish(self.make_event())
        await self.pass_time(AFTER - 5)

        assert await self.resend() == 0

    async def test_a_queue_that_is_long_makes_nothing_missing(self) -> None:
        """An event in a long queue is late, not lost: a copy would make the queue longer."""
        await self.subscribe()
        first, soon_after = self.make_event(), self.make_event()
        await self.publish(first)
        await self.pass_time(AFTER - 5)
        await self.publish(soon_after)
        await self.pass_time(3 * AFTER)
        assert await self.resend(idle=False) == 0
        await self.receive("catalogue", soon_after)

        assert await self.resend(idle=False) == 0

    async def test_nothing_is_missing_while_the_subscriber_is_paused(self) -> None:
        """Its events wait in its queue; what got lost is sent again when it is resumed."""
        await self.lost()
        await self.pause("catalogue")
        await self.pause("activity")

        assert [await self.resend(), await self.resend(idle=False)] == [0, 0]
        await self.resume("catalogue")
        assert await self.resend() == 1

    async def test_what_is_beyond_the_horizon_is_not_missing(self) -> None:
        """The inbox row of an old event may have been deleted by now."""
        await self.lost()
        await self.pass_time(HORIZON)

        assert await self.resend() == 0

    async def test_a_type_that_is_not_subscribed_is_not_missing(self) -> None:
        """Neither an event of another type nor a command is sent."""
        await self.subscribe(type_="parcel_lost_v9")
        await self.publish(self.make_event(), SendReminder(text="unpublished"))
        await self.pass_time(AFTER + 1)

        assert await self.resend() == 0

    async def test_what_was_published_before_the_subscription_is_not_missing(self) -> None:
        """A subscription covers later events; subscribing again leaves its start unchanged."""
        before, after = self.make_event(), self.make_event()
        await self.publish(before)
        await self.pass_time(30)
        await self.subscribe()
        await self.publish(after)
        await self.pass_time(AFTER + 1)
        await self.subscribe()

        assert await self.resend() == 1
        assert keys(await waiting(self.outbox)) == [OutboxKey(after.message_id, "catalogue")]

    async def test_what_was_received_is_not_missing(self) -> None:
        """An event with an inbox row is not missing."""
        await self.receive("catalogue", await self.lost())

        assert await self.resend() == 0

    async def test_the_receipt_of_another_subscriber_says_nothing(self) -> None:
        """An inbox row counts for its own subscriber alone."""
        await self.receive("activity", await self.lost())

        assert await self.resend() == 1

    @pytest.mark.parametrize("holder", ["catalogue", RELAY])
    async def test_a_dead_letter_is_not_missing(self, holder: str) -> None:
        """A dead letter waits for an operator; one of RELAY does so for all subscribers."""
        await self.set_aside(holder, await self.lost())

        assert await self.resend() == 0

    async def test_the_dead_letter_of_another_subscriber_says_nothing(self) -> None:
        """A dead letter counts for its own subscriber alone."""
        await self.set_aside("activity", await self.lost())

        assert await self.resend() == 1

    @pytest.mark.parametrize("subscriber", [ALL_SUBSCRIBERS, "catalogue"])
    async def test_what_waits_in_the_outbox_is_not_missing(self, subscriber: str) -> None:
        """An outbox row for all subscribers, or for this one, will be sent."""
        key = OutboxKey((await self.lost()).message_id, subscriber)
        async with self.uow_on(RecordingOutboxTransport()) as transaction:
            await transaction.uow.outbox.add(key)
            await transaction.commit()

        assert await self.resend() == 0
        assert keys(await waiting(self.outbox)) == [key]

    async def test_what_waits_for_another_subscriber_says_nothing(self) -> None:
        """An outbox row counts for its own subscriber alone."""
        event = await self.lost()
        async with self.uow_on(RecordingOutboxTransport()) as transaction:
            await transaction.uow.outbox.add(OutboxKey(event.message_id, "activity"))
            await transaction.commit()

        assert await self.resend() == 1


class WrongClockContract(Reconciling):
    """The age of an event is measured by the clock of the database alone.

    Needs the fixtures of ``OutboxContract``.
    """

    def event_of_a_wrong_clock(self, off: timedelta) -> Event:
        """Return an event whose own time differs from the time of the database."""
        event = self.make_event()
        event.created_at += off
        return event

    @WRONG
    async def test_a_lost_event_is_sent_again(self, off: timedelta) -> None:
        """By the database's clock, the event is in the horizon, subscribed, and old enough."""
        await self.subscribe()
        event = self.event_of_a_wrong_clock(off)
        await self.publish(event)
        await self.pass_time(AFTER + 1)

        assert await self.resend() == 1
        assert keys(await waiting(self.outbox)) == [OutboxKey(event.message_id, "catalogue")]

    @WRONG
    async def test_a_young_event_is_not_missing(self, off: timedelta) -> None:
        """An event is young by the database's clock, however old by its own."""
        await self.subscribe()
        await self.publish(self.event_of_a_wrong_clock(off))
        await self.pass_time(AFTER - 5)

        assert await self.resend() == 0

    @WRONG
    async def test_an_event_is_overtaken_by_what_was_stored_later(self, off: timedelta) -> None:
        """The order of the events is the order in which the database stored them."""
        await self.subscribe()
        event, later = self.event_of_a_wrong_clock(off), self.make_event()
        await self.publish(event)
        await self.pass_time(AFTER + 1)
        await self.publish(later)
        await self.receive("catalogue", later)

        assert await self.resend(idle=False) == 1
        assert keys(await waiting(self.outbox)) == [OutboxKey(event.message_id, "catalogue")]

    @WRONG
    async def test_an_event_of_the_same_time_overtakes_nothing(self, off: timedelta) -> None:
        """A difference between two clocks is no difference in age between two events."""
        await self.subscribe()
        received = self.event_of_a_wrong_clock(off)
        await self.publish(self.make_event(), received)
        await self.receive("catalogue", received)
        await self.pass_time(AFTER + 1)

        assert await self.resend(idle=False) == 0
