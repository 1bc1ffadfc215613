"""Which events every reconciler re-sends, to which subscriber, and when."""

from typing import Any

from messagebus import Event, Message

from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.eventstream.ports.dead_letters import DeadLetter
from reading_club.eventstream.ports.inbox import InboxKey
from reading_club.eventstream.ports.outbox import Lease, OutboxKey
from reading_club.eventstream.wire import wire_type
from reading_club.testing.contracts.eventstream.helpers import (
    OutboxFixtures,
    commit,
    keys,
    waiting,
)

AFTER, HORIZON = 60.0, 86_400.0


class Reconciling(OutboxFixtures):
    """Steps that subscribe, publish, lose, receive and re-send events."""

    @property
    def type(self) -> str:
        """The type of the made events."""
        return wire_type(self.make_event())

    async def subscribe(self, subscriber: str = "catalogue", type_: str | None = None) -> None:
        """Subscribe to a type, by default that of the made events, from now on."""
        async with self.uow_on(RecordingOutboxTransport()) as transaction:
            await transaction.uow.subscriptions.subscribe(subscriber, [type_ or self.type])
            await transaction.commit()

    async def send(self) -> None:
        """Delete all outbox rows, as if their messages were lost on the way."""
        lease = Lease(60.0)
        await self.outbox.delete(lease.token, keys(await self.outbox.claim(1000, lease)))

    async def publish(self, *events: Message[Any]) -> None:
        """Commit and send events."""
        await commit(self.uow_on, *events)
        await self.send()

    async def resend(
        self,
        after: float = AFTER,
        horizon: float = HORIZON,
        limit: int = 100,
        *,
        idle: bool = True,
    ) -> int:
        """Re-send the missing events of both subscribers; return how many."""
        found = 0
        async with self.uow_on(RecordingOutboxTransport()) as transaction:
            for subscriber in ("activity", "catalogue"):
                found += await transaction.uow.subscriptions.requeue_missing(
                    subscriber, idle=idle, after=after, horizon=horizon, limit=limit
                )
            await transaction.commit()
        return found

    async def receive(self, subscriber: str, event: Event) -> None:
        """Insert the inbox row of an event."""
        async with self.uow_on(RecordingOutboxTransport()) as transaction:
            await transaction.uow.inbox.insert_new(InboxKey(subscriber, event.message_id))
            await transaction.commit()

    async def lost(self) -> Event:
        """Return an event that was published after the subscription and got lost."""
        await self.subscribe()
        event = self.make_event()
        await self.publish(event)
        await self.pass_time(AFTER + 1)
        return event

    async def pause(self, subscriber: str) -> None:
        """Pause a subscriber."""
        async with self.uow_on(RecordingOutboxTransport()) as transaction:
            await transaction.uow.pauses.pause(subscriber)
            await transaction.commit()

    async def resume(self, subscriber: str) -> None:
        """End the pause of a subscriber."""
        async with self.uow_on(RecordingOutboxTransport()) as transaction:
            await transaction.uow.pauses.resume(subscriber)
            await transaction.commit()

    async def set_aside(self, subscriber: str, event: Event) -> None:
        """Make a dead letter of an event."""
        letter = DeadLetter(
            subscriber=subscriber,
            message_id=event.message_id,
            type=self.type,
            envelope={},
            error="no",
            set_aside_at=event.created_at,
        )
        async with self.uow_on(RecordingOutboxTransport()) as transaction:
            await transaction.uow.dead_letters.add(letter)
            await transaction.commit()


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
