"""What every outbox promises about events that a worker has deferred."""

import pytest

from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.eventstream.ports.inbox import InboxKey
from reading_club.eventstream.ports.outbox import Lease, OutboxKey, OutboxStore
from reading_club.testing.builders import an_event
from reading_club.testing.contracts.dead_letters import a_letter
from reading_club.testing.contracts.helpers import PassTime, UnitOfWorkOn, keys, waiting

ENVELOPE = {"id": "7", "type": "book_registered_v1", "payload": "{}"}


async def defer(uow_on: UnitOfWorkOn, key: OutboxKey, pause: float = 0.0) -> None:
    """Defer an event in a transaction of its own."""
    async with uow_on(RecordingOutboxTransport()) as transaction:
        await transaction.uow.outbox.defer(key, ENVELOPE, pause=pause, reason="slow")
        await transaction.commit()


class OutboxDeferringContract:
    """A deferred event is sent to its subscriber alone, marked as attempted.

    Needs the fixtures of ``OutboxContract``.
    """

    async def test_it_is_sent_at_its_time(
        self, uow_on: UnitOfWorkOn, outbox: OutboxStore, pass_time: PassTime
    ) -> None:
        """The delivered envelope is sent after the pause, with or without a stored message."""
        key = OutboxKey(an_event().message_id, "activity")

        await defer(uow_on, key, pause=30.0)

        assert await waiting(outbox) == []
        await pass_time(31.0)
        (event,) = await waiting(outbox)
        assert (event.key, event.envelope, event.attempts) == (key, ENVELOPE, 0)
        assert event.attempted

    async def test_other_events_were_not_attempted(
        self, uow_on: UnitOfWorkOn, outbox: OutboxStore
    ) -> None:
        """Rows of ``add`` are not marked as attempted."""
        async with uow_on(RecordingOutboxTransport()) as transaction:
            await transaction.uow.outbox.add(OutboxKey(an_event().message_id, "activity"), ENVELOPE)
            await transaction.commit()

        assert [event.attempted for event in await waiting(outbox)] == [False]

    async def test_a_row_that_is_being_sent_is_replaced(
        self, uow_on: UnitOfWorkOn, outbox: OutboxStore
    ) -> None:
        """The holder of the old lease does not delete the row that was deferred meanwhile."""
        key, lease = OutboxKey(an_event().message_id, "activity"), Lease(60.0)
        await defer(uow_on, key)
        await outbox.claim(1, lease)

        await defer(uow_on, key)
        await outbox.delete(lease.token, [key])

        assert keys(await waiting(outbox)) == [key]

    async def test_the_time_of_the_last_one_counts(
        self, uow_on: UnitOfWorkOn, outbox: OutboxStore, pass_time: PassTime
    ) -> None:
        """An event has one row, however often it is deferred."""
        key = OutboxKey(an_event().message_id, "activity")
        for pause in (0.0, 10.0, 60.0):
            await defer(uow_on, key, pause)
        await pass_time(30.0)
        assert await waiting(outbox) == []

        await pass_time(31.0)

        assert keys(await waiting(outbox)) == [key]

    @pytest.mark.parametrize("end", ["receipt", "dead letter"])
    async def test_what_is_done_with_is_not_put_off(
        self, uow_on: UnitOfWorkOn, outbox: OutboxStore, end: str
    ) -> None:
        """An event with an inbox row or dead letter is not deferred; another subscriber's is."""
        key = OutboxKey(an_event().message_id, "activity")
        other = key._replace(subscriber="catalogue")
        async with uow_on(RecordingOutboxTransport()) as transaction:
            if end == "receipt":
                await transaction.uow.inbox.insert_new(InboxKey(key.subscriber, key.message_id))
            else:
                await transaction.uow.dead_letters.add(a_letter(**key._asdict()))
            await transaction.commit()

        await defer(uow_on, key)
        await defer(uow_on, other)

        assert keys(await waiting(outbox)) == [other]
