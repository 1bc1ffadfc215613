"""Which events every reconciler re-sends, to which subscriber, and when."""

from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.eventstream.ports.outbox import OutboxKey
from reading_club.testing.contracts.eventstream.helpers import keys, waiting
from reading_club.testing.contracts.eventstream.reconciliation import AFTER, HORIZON, Reconciling


class MissingEventsContract(Reconciling):
    """A subscribed event without inbox row, dead letter or outbox row is re-sent.

    Needs the fixtures of ``OutboxContract``.
    """

    async def test_a_lost_event_is_sent_again_to_whom_it_is_missing(self) -> None:
        """The outbox has a row for that subscriber alone, with the published envelope."""
        event = await self.lost()

        assert await self.resend() == 1
        (waits,) = await waiting(self.outbox)
        assert waits.key == OutboxKey(event.message_id, "catalogue")
        assert waits.envelope["type"] == self.type

    async def test_it_is_sent_again_after_twice_the_time_only(self) -> None:
        """The wait doubles with each re-send: a subscriber away for days gets few copies."""
        await self.lost()
        assert await self.resend() == 1
        await self.send()
        for pause in (2 * AFTER, 4 * AFTER, 8 * AFTER):
            await self.pass_time(pause - 5)
            assert await self.resend() == 0
            await self.pass_time(10)
            assert await self.resend() == 1
            await self.send()

    async def test_the_oldest_are_sent_first_up_to_the_limit(self) -> None:
        """A pass re-sends up to ``limit`` events; the next one continues."""
        await self.subscribe()
        events = [self.make_event() for _ in range(5)]
        await self.publish(*reversed(events))
        await self.pass_time(AFTER + 1)

        found = [await self.resend(limit=2) for _ in range(4)]

        assert found == [2, 2, 1, 0]
        expected = [OutboxKey(event.message_id, "catalogue") for event in events]
        assert keys(await waiting(self.outbox)) == expected

    async def test_two_subscribers_miss_each_their_own(self) -> None:
        """An event that one subscriber has received is re-sent to the other one alone."""
        await self.subscribe("activity")
        event = await self.lost()
        other = self.make_event()
        await self.publish(other)
        await self.pass_time(AFTER + 1)
        await self.receive("activity", event)
        await self.receive("catalogue", other)

        assert await self.resend() == 2
        assert keys(await waiting(self.outbox)) == [
            OutboxKey(event.message_id, "catalogue"),
            OutboxKey(other.message_id, "activity"),
        ]

    async def test_what_was_overtaken_is_missing_also_while_others_wait(self) -> None:
        """An event older than the received ones is lost, even if the queue is not empty."""
        await self.subscribe()
        first, later = self.make_event(), self.make_event()
        await self.publish(first)
        await self.pass_time(AFTER + 1)
        await self.publish(later)
        await self.pass_time(2 * AFTER)
        await self.receive("catalogue", later)

        assert await self.resend(idle=False) == 1
        assert keys(await waiting(self.outbox)) == [OutboxKey(first.message_id, "catalogue")]

    async def test_a_pass_that_is_rolled_back_sends_nothing(self) -> None:
        """The rollback undoes the outbox row and the record of the re-send."""
        await self.lost()
        async with self.uow_on(RecordingOutboxTransport()) as transaction:
            await transaction.uow.subscriptions.requeue_missing(
                "catalogue", idle=True, after=AFTER, horizon=HORIZON, limit=10
            )
            await transaction.rollback()

        assert await self.resend() == 1
