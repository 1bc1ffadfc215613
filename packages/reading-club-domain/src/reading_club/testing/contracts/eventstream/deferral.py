"""What every outbox promises about events that a worker has deferred."""

import pytest
from lastuuid import uuid7

from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.eventstream.ports.inbox import InboxKey
from reading_club.eventstream.ports.outbox import Lease, OutboxKey
from reading_club.testing.contracts.eventstream.dead_letters import a_letter
from reading_club.testing.contracts.eventstream.helpers import (
    OutboxFixtures,
    UnitOfWorkOn,
    keys,
    waiting,
)

ENVELOPE = {"id": "7", "type": "parcel_sent_v1", "payload": "{}"}


async def defer(uow_on: UnitOfWorkOn, key: OutboxKey, pause: float = 0.0) -> None:
    """Defer an event in a transaction of its own."""
    async with uow_on(RecordingOutboxTransport()) as transaction:
        await transaction.uow.outbox.defer(key, ENVELOPE, pause=pause, reason="slow")
        await transaction.commit()


class OutboxDeferringContract(OutboxFixtures):
    """A deferred event is sent to its subscriber alone, marked as attempted.

    Needs the fixtures of ``OutboxContract``.
    """

    async def test_it_is_sent_at_its_time(self) -> None:
        """The delivered envelope is sent after the pause, with or without a stored message."""
        key = OutboxKey(uuid7(), "activity")

        await defer(self.uow_on, key, pause=30.0)

        assert await waiting(self.outbox) == []
        await self.pass_time(31.0)
        (event,) = await waiting(self.outbox)
        assert (event.key, event.envelope, event.attempts) == (key, ENVELOPE, 0)
        assert event.attempted

    async def test_other_events_were_not_attempted(self) -> None:
        """Rows of ``add`` are not marked as attempted."""
        async with self.uow_on(RecordingOutboxTransport()) as transaction:
            await transaction.uow.outbox.add(OutboxKey(uuid7(), "activity"), ENVELOPE)
            await transaction.commit()

        assert [event.attempted for event in await waiting(self.outbox)] == [False]

    async def test_a_row_that_is_being_sent_is_replaced(self) -> None:
        """The holder of the old lease does not delete the row that was deferred meanwhile."""
        key, lease = OutboxKey(uuid7(), "activity"), Lease(60.0)
        await defer(self.uow_on, key)
        await self.outbox.claim(1, lease)

        await defer(self.uow_on, key)
        await self.outbox.delete(lease.token, [key])

        assert keys(await waiting(self.outbox)) == [key]

    async def test_a_row_that_is_replaced_keeps_its_age(self) -> None:
        """An event that is deferred again is as old as its row."""
        key = OutboxKey(uuid7(), "activity")
        await defer(self.uow_on, key)
        await self.pass_time(60.0)

        await defer(self.uow_on, key)

        (event,) = await waiting(self.outbox)
        assert event.age >= 60.0

    async def test_the_time_of_the_last_one_counts(self) -> None:
        """An event has one row, however often it is deferred."""
        key = OutboxKey(uuid7(), "activity")
        for pause in (0.0, 10.0, 60.0):
            await defer(self.uow_on, key, pause)
        await self.pass_time(30.0)
        assert await waiting(self.outbox) == []

        await self.pass_time(31.0)

        assert keys(await waiting(self.outbox)) == [key]

    @pytest.mark.parametrize("end", ["receipt", "dead letter"])
    async def test_what_is_done_with_is_not_put_off(self, end: str) -> None:
        """An event with an inbox row or dead letter is not deferred; another subscriber's is."""
        key = OutboxKey(uuid7(), "activity")
        other = key._replace(subscriber="catalogue")
        async with self.uow_on(RecordingOutboxTransport()) as transaction:
            if end == "receipt":
                await transaction.uow.inbox.insert_new(InboxKey(key.subscriber, key.message_id))
            else:
                await transaction.uow.dead_letters.add(a_letter(**key._asdict()))
            await transaction.commit()

        await defer(self.uow_on, key)
        await defer(self.uow_on, other)

        assert keys(await waiting(self.outbox)) == [other]
