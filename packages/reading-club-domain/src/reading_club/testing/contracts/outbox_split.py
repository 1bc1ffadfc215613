"""What every outbox promises about rows that a queue has refused."""

from lastuuid import uuid7

from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.eventstream.ports.outbox import Lease, OutboxKey, OutboxStore
from reading_club.testing.builders import an_event
from reading_club.testing.contracts.helpers import (
    LONG,
    PassTime,
    UnitOfWorkOn,
    commit,
    keys,
    waiting,
)

BOOKS, REVIEWS = "book_registered_v1", "review_created_v1"


async def subscribe(uow_on: UnitOfWorkOn, subscriber: str, *types: str) -> None:
    """Subscribe to these types."""
    async with uow_on(RecordingOutboxTransport()) as transaction:
        await transaction.uow.subscriptions.subscribe(subscriber, types)
        await transaction.commit()


class OutboxSplitContract:
    """A row for all subscribers can be split into one for each; a row has an age.

    Needs the fixtures of ``OutboxContract``.
    """

    async def test_each_subscriber_of_the_type_has_a_row(
        self, uow_on: UnitOfWorkOn, outbox: OutboxStore
    ) -> None:
        """The new rows can be claimed at once, with no attempts and the same envelope."""
        await subscribe(uow_on, "activity", BOOKS, REVIEWS)
        await subscribe(uow_on, "catalogue", BOOKS)
        await subscribe(uow_on, "ratings", REVIEWS)
        events = [an_event(), an_event()]
        transport = await commit(uow_on, *events)
        await outbox.claim(2, LONG)

        await outbox.split(LONG.token, [OutboxKey(event.message_id) for event in events])

        found = await waiting(outbox)
        ids = [event.message_id for event in events]
        names = ("activity", "catalogue")
        assert keys(found) == [OutboxKey(id_, name) for id_ in ids for name in names]
        assert [e.envelope for e in found[::2]] == [e.envelope for e in found[1::2]]
        assert [e.envelope for e in found[::2]] == transport.handed_over
        assert {event.attempts for event in found} == {0}

    async def test_an_envelope_of_its_own_is_kept(
        self, uow_on: UnitOfWorkOn, outbox: OutboxStore
    ) -> None:
        """An envelope that is not in the message store is copied to each subscriber's row."""
        await subscribe(uow_on, "activity", BOOKS)
        key, envelope = (
            OutboxKey(uuid7()),
            {"id": "x", "type": BOOKS, "payload": '"🦉"', "more": [1]},
        )
        async with uow_on(RecordingOutboxTransport()) as transaction:
            await transaction.uow.outbox.add(key, envelope)
            await transaction.commit()
        await outbox.claim(1, LONG)

        await outbox.split(LONG.token, [key])

        found = [(event.key, event.envelope) for event in await waiting(outbox)]
        assert found == [(OutboxKey(key.message_id, "activity"), envelope)]

    async def test_a_split_with_a_stale_token_changes_nothing(
        self, uow_on: UnitOfWorkOn, outbox: OutboxStore, pass_time: PassTime
    ) -> None:
        """After its lease, a slow relay cannot split a row that another relay has claimed."""
        await subscribe(uow_on, "activity", BOOKS)
        event, slow, fast = an_event(), Lease(5.0), Lease(60.0)
        await commit(uow_on, event)
        await outbox.claim(1, slow)
        await pass_time(6.0)
        await outbox.claim(1, fast)

        await outbox.split(slow.token, [OutboxKey(event.message_id)])

        assert await waiting(outbox) == []
        await pass_time(61.0)
        assert keys(await waiting(outbox)) == [OutboxKey(event.message_id)]

    async def test_a_row_that_a_subscriber_has_already_stays(
        self, uow_on: UnitOfWorkOn, outbox: OutboxStore
    ) -> None:
        """A row that exists already keeps its lease, as its event is being sent."""
        await subscribe(uow_on, "activity", BOOKS)
        await subscribe(uow_on, "catalogue", BOOKS)
        event = an_event()
        everybodys, ones = OutboxKey(event.message_id), OutboxKey(event.message_id, "activity")
        await commit(uow_on, event)
        async with uow_on(RecordingOutboxTransport()) as transaction:
            await transaction.uow.outbox.add(ones)
            await transaction.commit()
        await outbox.claim(2, LONG)

        await outbox.split(LONG.token, [everybodys])

        assert keys(await waiting(outbox)) == [OutboxKey(event.message_id, "catalogue")]
        await outbox.release(LONG.token, [ones])
        assert ones in keys(await waiting(outbox))

    async def test_a_row_without_a_subscriber_is_kept_back(
        self, uow_on: UnitOfWorkOn, outbox: OutboxStore, pass_time: PassTime
    ) -> None:
        """A type may have a queue before its subscription is stored: the row is claimed later."""
        await subscribe(uow_on, "ratings", REVIEWS)
        event = an_event()
        await commit(uow_on, event)
        await outbox.claim(1, LONG)

        await outbox.split(LONG.token, [OutboxKey(event.message_id)], retry_in=60.0)

        assert await waiting(outbox) == []
        await pass_time(61.0)
        assert [(e.key, e.attempts) for e in await waiting(outbox)] == [
            (OutboxKey(event.message_id), 0)
        ]

    async def test_the_age_of_an_event_is_the_databases(
        self, uow_on: UnitOfWorkOn, outbox: OutboxStore, pass_time: PassTime
    ) -> None:
        """The age grows while the event waits, across claims and releases."""
        await subscribe(uow_on, "activity", BOOKS)
        await commit(uow_on, an_event())
        (event,) = await outbox.claim(1, LONG)
        await outbox.split(LONG.token, [event.key])
        assert [round(event.age, -1) for event in await waiting(outbox)] == [0]

        for _ in range(2):
            await pass_time(100.0)
            (event,) = await outbox.claim(1, LONG)
            await outbox.release(LONG.token, [event.key], reason="its queue is full")

        assert 190 < event.age < 210
