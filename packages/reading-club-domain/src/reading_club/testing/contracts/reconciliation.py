"""Base of the reconciler's contracts: events that get lost."""

import pytest

from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.domain.messages import BookRegistered, ClubEvent
from reading_club.eventstream.ports.dead_letters import DeadLetter
from reading_club.eventstream.ports.inbox import InboxKey
from reading_club.eventstream.ports.outbox import Lease, OutboxStore
from reading_club.testing.builders import an_event
from reading_club.testing.contracts.helpers import PassTime, UnitOfWorkOn, commit, keys

AFTER, HORIZON = 60.0, 86_400.0
BOOKS = ("book_registered_v1",)


class Reconciling:
    """Steps that subscribe, publish, lose, receive and re-send events."""

    @pytest.fixture(autouse=True)
    def _storage(self, uow_on: UnitOfWorkOn, outbox: OutboxStore, pass_time: PassTime) -> None:
        self.uow_on, self.outbox, self.pass_time = uow_on, outbox, pass_time

    async def subscribe(self, subscriber: str = "catalogue") -> None:
        """Subscribe to BookRegistered from now on."""
        async with self.uow_on(RecordingOutboxTransport()) as transaction:
            await transaction.uow.subscriptions.subscribe(subscriber, BOOKS)
            await transaction.commit()

    async def send(self) -> None:
        """Delete all outbox rows, as if their messages were lost on the way."""
        lease = Lease(60.0)
        await self.outbox.delete(lease.token, keys(await self.outbox.claim(1000, lease)))

    async def publish(self, *events: ClubEvent) -> None:
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

    async def receive(self, subscriber: str, event: ClubEvent) -> None:
        """Insert the inbox row of an event."""
        async with self.uow_on(RecordingOutboxTransport()) as transaction:
            await transaction.uow.inbox.insert_new(InboxKey(subscriber, event.message_id))
            await transaction.commit()

    async def lost(self) -> BookRegistered:
        """Return an event that was published after the subscription and got lost."""
        await self.subscribe()
        event = an_event()
        await self.publish(event)
        await self.pass_time(AFTER + 1)
        return event

    async def set_aside(self, subscriber: str, event: ClubEvent) -> None:
        """Make a dead letter of an event."""
        letter = DeadLetter(
            subscriber=subscriber,
            message_id=event.message_id,
            type="book_registered_v1",
            envelope={},
            error="no",
            set_aside_at=event.created_at,
        )
        async with self.uow_on(RecordingOutboxTransport()) as transaction:
            await transaction.uow.dead_letters.add(letter)
            await transaction.commit()
