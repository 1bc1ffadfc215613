"""Base of the reconciler's contracts: events that get lost."""

from typing import Any

from messagebus import Event, Message

from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.eventstream.ports.dead_letters import DeadLetter
from reading_club.eventstream.ports.inbox import InboxKey
from reading_club.eventstream.ports.outbox import Lease
from reading_club.eventstream.wire import wire_type
from reading_club.testing.contracts.eventstream.helpers import (
    OutboxFixtures,
    commit,
    keys,
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
