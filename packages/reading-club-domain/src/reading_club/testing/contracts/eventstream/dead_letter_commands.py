"""What the commands on dead letters do, on every storage."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from messagebus import Event

from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.eventstream.dead_letters import commands
from reading_club.eventstream.ports.dead_letters import RELAY, DeadLetter
from reading_club.eventstream.ports.inbox import InboxKey
from reading_club.eventstream.ports.outbox import ALL_SUBSCRIBERS, Lease, OutboxKey
from reading_club.eventstream.subscriber import Subscriber
from reading_club.eventstream.unit_of_work import StreamUnitOfWork
from reading_club.eventstream.wire import wire_type
from reading_club.testing.contracts.eventstream.dead_letters import a_letter
from reading_club.testing.contracts.eventstream.helpers import (
    OutboxFixtures,
    commit,
    keys,
    waiting,
)

NOW = datetime(2026, 2, 3, tzinfo=UTC)
Deed = Callable[[StreamUnitOfWork], Awaitable[Any]]


async def resend(uow: StreamUnitOfWork) -> int:
    """Re-send missing events."""
    return await uow.subscriptions.requeue_missing(
        "catalogue", idle=True, after=60.0, horizon=86_400.0, limit=10
    )


async def ignore(event: Event, uow: StreamUnitOfWork) -> None:
    """Handle an event without an effect."""


class DeadLetterCommandsContract(OutboxFixtures):
    """Dead letters are retried or discarded once, each with an audit entry.

    Needs the fixtures of ``OutboxContract``.
    """

    async def do(self, deed: Deed) -> Any:
        """Call ``deed`` in a transaction of its own."""
        async with self.uow_on(RecordingOutboxTransport()) as transaction:
            result = await deed(transaction.uow)
            await transaction.commit()
        return result

    async def subscribe(self) -> None:
        """Subscribe to the made events."""
        types = [wire_type(self.make_event())]
        await self.do(lambda uow: uow.subscriptions.subscribe("catalogue", types))

    async def dead(self, event: Event, subscriber: str, **changes: Any) -> DeadLetter:
        """Return the dead letter of an event that was sent and could not be handled."""
        lease = Lease(60.0)
        transport = await commit(self.uow_on, event)
        await self.outbox.delete(lease.token, keys(await self.outbox.claim(1, lease)))
        (envelope,) = transport.handed_over
        fields = {"message_id": event.message_id, "type": envelope["type"], "envelope": envelope}
        letter = a_letter(subscriber=subscriber, **{**fields, **changes})
        await self.do(lambda uow: uow.dead_letters.add(letter))
        return letter

    async def retry(self, *letters: DeadLetter) -> list[DeadLetter]:
        """Retry dead letters."""
        sent: list[DeadLetter] = await self.do(lambda uow: commands.retry(letters, uow, NOW))
        return sent

    async def discard(self, *letters: DeadLetter) -> list[DeadLetter]:
        """Discard dead letters."""
        gone: list[DeadLetter] = await self.do(lambda uow: commands.discard(letters, uow, NOW))
        return gone

    async def left(self) -> Sequence[DeadLetter]:
        """Return the remaining dead letters."""
        letters: Sequence[DeadLetter] = await self.do(lambda uow: uow.dead_letters.page())
        return letters

    async def audit(self) -> list[tuple[Any, ...]]:
        """Return the audit entries."""
        entries = await self.do(lambda uow: uow.audit.page())
        return [(e.at, e.action, e.subscriber, e.message_id, e.error) for e in entries]

    async def test_a_retry_sends_the_message_again_to_whom_it_failed(self) -> None:
        """The outbox has the envelope for the subscriber, and the dead letter is deleted."""
        letter = await self.dead(self.make_event(), "catalogue")

        assert await self.retry(letter) == [letter]
        (event,) = await waiting(self.outbox)
        assert event.key == OutboxKey(letter.message_id, "catalogue")
        assert event.envelope == letter.envelope
        assert await self.left() == []
        assert await self.audit() == [
            (NOW, "retry", "catalogue", letter.message_id, "unknown type")
        ]

    async def test_a_retry_gives_back_all_attempts(self) -> None:
        """The attempts are reset, or the first failure would dead-letter the message again."""
        letter = await self.dead(self.make_event(), "catalogue")
        receipt = InboxKey("catalogue", letter.message_id)
        for _ in range(3):
            await self.do(lambda uow: uow.inbox.count_attempt(receipt))

        await self.retry(letter)

        counted = await self.do(lambda uow: uow.inbox.count_attempt(receipt))
        assert counted.number == 1

    async def test_twice_does_nothing_more(self) -> None:
        """Two retries of one dead letter send one message, with one audit entry."""
        letter = await self.dead(self.make_event(), "catalogue")

        assert [await self.retry(letter), await self.retry(letter)] == [[letter], []]
        assert await self.discard(letter) == []
        assert len(await waiting(self.outbox)) == 1
        assert len(await self.audit()) == 1

    async def test_what_is_no_event_stays(self) -> None:
        """The dead letter of a message without id or type stays, as it cannot be sent."""
        event = self.make_event()
        letters = [
            a_letter(envelope="text"),
            a_letter(envelope={"id": "x", "type": "parcel_burned_v1"}),
            a_letter(message_id=event.message_id, envelope={"id": str(event.message_id)}, type=""),
        ]
        async with self.uow_on(RecordingOutboxTransport()) as transaction:
            for letter in letters:
                await transaction.uow.dead_letters.add(letter)
            await transaction.commit()

        assert await self.retry(*letters) == []
        assert len(await self.left()) == 3
        assert await waiting(self.outbox) == []
        assert await self.audit() == []

    async def test_what_could_not_be_sent_is_sent_to_everybody(self) -> None:
        """The dead letter of RELAY is retried for all subscribers."""
        letter = await self.dead(self.make_event(), RELAY)

        await self.retry(letter)

        assert keys(await waiting(self.outbox)) == [OutboxKey(letter.message_id, ALL_SUBSCRIBERS)]

    @pytest.mark.parametrize("subscriber", ["catalogue", RELAY])
    async def test_what_is_given_up_does_not_come_back(self, subscriber: str) -> None:
        """A discarded message has no effect when it is delivered or reconciled again."""
        await self.subscribe()
        letter = await self.dead(self.make_event(), subscriber)

        assert await self.discard(letter) == [letter]

        await self.pass_time(3600.0)
        assert await self.do(resend) == 0
        receipt = InboxKey(subscriber, letter.message_id)
        assert not await self.do(lambda uow: uow.inbox.insert_new(receipt))
        await self.do(lambda uow: uow.dead_letters.add(letter))
        assert await self.left() == []
        assert await self.audit() == [
            (NOW, "discard", subscriber, letter.message_id, "unknown type")
        ]

    async def test_what_was_retried_comes_back_if_it_gets_lost(self) -> None:
        """The reconciler re-sends a retried event that was lost."""
        await self.subscribe()
        letter, lease = await self.dead(self.make_event(), RELAY), Lease(60.0)
        await self.retry(letter)
        await self.outbox.delete(lease.token, keys(await self.outbox.claim(1, lease)))

        await self.pass_time(3600.0)

        assert await self.do(resend) == 1

    async def test_what_was_not_known_before_is_replayed(self) -> None:
        """Only parked dead letters of the subscriber are replayed, of types that it handles."""
        wanted = await self.dead(self.make_event(), "catalogue", parked=True)
        await self.dead(self.make_event(), "catalogue")
        await self.dead(self.make_event(), "activity", parked=True)
        await self.dead(self.make_event(), "catalogue", parked=True, type="parcel_burned_v1")

        catalogue = Subscriber[Any, StreamUnitOfWork]("catalogue")
        catalogue.on(type(self.make_event()))(ignore)

        sent = await self.do(lambda uow: commands.replay_parked(catalogue, uow, NOW))

        assert sent == [wanted]
        assert keys(await waiting(self.outbox)) == [OutboxKey(wanted.message_id, "catalogue")]
        assert len(await self.left()) == 3
        assert [entry[1] for entry in await self.audit()] == ["replay"]
