"""What every reconciler does with events of a process whose clock is wrong."""

from datetime import timedelta

import pytest
from messagebus import Event

from reading_club.eventstream.ports.outbox import OutboxKey
from reading_club.testing.contracts.eventstream.helpers import keys, waiting
from reading_club.testing.contracts.eventstream.reconciliation import AFTER, Reconciling

WRONG = pytest.mark.parametrize(
    "off", [timedelta(days=-9), timedelta(hours=2)], ids=["9 days behind", "2 hours ahead"]
)


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
