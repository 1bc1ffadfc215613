"""What every outbox promises about rows that a queue has refused."""

from lastuuid import uuid7

from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.eventstream.ports.outbox import Lease, OutboxKey
from reading_club.eventstream.wire import wire_type
from reading_club.testing.contracts.eventstream.helpers import (
    LONG_LEASE,
    OutboxFixtures,
    UnitOfWorkOn,
    commit,
    keys,
    waiting,
)

OTHER = "parcel_lost_v9"
"""A type of which no event is committed."""


async def subscribe(uow_on: UnitOfWorkOn, subscriber: str, *types: str) -> None:
    """Subscribe to these types."""
    async with uow_on(RecordingOutboxTransport()) as transaction:
        await transaction.uow.subscriptions.subscribe(subscriber, types)
        await transaction.commit()


class OutboxSplitContract(OutboxFixtures):
    """A row for all subscribers can be split into one for each; a row has an age.

    Needs the fixtures of ``OutboxContract``.
    """

    async def test_each_subscriber_of_the_type_has_a_row(self) -> None:
        """The new rows can be claimed at once, with no attempts and the same envelope."""
        events = [self.make_event(), self.make_event()]
        await subscribe(self.uow_on, "activity", wire_type(events[0]), OTHER)
        await subscribe(self.uow_on, "catalogue", wire_type(events[0]))
        await subscribe(self.uow_on, "ratings", OTHER)
        transport = await commit(self.uow_on, *events)
        await self.outbox.claim(2, LONG_LEASE)

        await self.outbox.split(LONG_LEASE.token, [OutboxKey(event.message_id) for event in events])

        found = await waiting(self.outbox)
        ids = [event.message_id for event in events]
        names = ("activity", "catalogue")
        assert keys(found) == [OutboxKey(id_, name) for id_ in ids for name in names]
        assert [e.envelope for e in found[::2]] == [e.envelope for e in found[1::2]]
        assert [e.envelope for e in found[::2]] == transport.handed_over
        assert {event.attempts for event in found} == {0}

    async def test_an_envelope_of_its_own_is_kept(self) -> None:
        """An envelope that is not in the message store is copied to each subscriber's row."""
        await subscribe(self.uow_on, "activity", OTHER)
        key, envelope = (
            OutboxKey(uuid7()),
            {"id": "x", "type": OTHER, "payload": '"🦉"', "more": [1]},
        )
        async with self.uow_on(RecordingOutboxTransport()) as transaction:
            await transaction.uow.outbox.add(key, envelope)
            await transaction.commit()
        await self.outbox.claim(1, LONG_LEASE)

        await self.outbox.split(LONG_LEASE.token, [key])

        found = [(event.key, event.envelope) for event in await waiting(self.outbox)]
        assert found == [(OutboxKey(key.message_id, "activity"), envelope)]

    async def test_a_split_with_a_stale_token_changes_nothing(self) -> None:
        """After its lease, a slow relay cannot split a row that another relay has claimed."""
        event, slow, fast = self.make_event(), Lease(5.0), Lease(60.0)
        await subscribe(self.uow_on, "activity", wire_type(event))
        await commit(self.uow_on, event)
        await self.outbox.claim(1, slow)
        await self.pass_time(6.0)
        await self.outbox.claim(1, fast)

        await self.outbox.split(slow.token, [OutboxKey(event.message_id)])

        assert await waiting(self.outbox) == []
        await self.pass_time(61.0)
        assert keys(await waiting(self.outbox)) == [OutboxKey(event.message_id)]

    async def test_a_row_that_a_subscriber_has_already_stays(self) -> None:
        """A row that exists already keeps its lease, as its event is being sent."""
        event = self.make_event()
        for name in ("activity", "catalogue"):
            await subscribe(self.uow_on, name, wire_type(event))
        everybodys, ones = OutboxKey(event.message_id), OutboxKey(event.message_id, "activity")
        await commit(self.uow_on, event)
        async with self.uow_on(RecordingOutboxTransport()) as transaction:
            await transaction.uow.outbox.add(ones)
            await transaction.commit()
        await self.outbox.claim(2, LONG_LEASE)

        await self.outbox.split(LONG_LEASE.token, [everybodys])

        assert keys(await waiting(self.outbox)) == [OutboxKey(event.message_id, "catalogue")]
        await self.outbox.release(LONG_LEASE.token, [ones])
        assert ones in keys(await waiting(self.outbox))

    async def test_a_row_without_a_subscriber_is_kept_back(self) -> None:
        """A type may have a queue before its subscription is stored: the row is claimed later."""
        await subscribe(self.uow_on, "ratings", OTHER)
        event = self.make_event()
        await commit(self.uow_on, event)
        await self.outbox.claim(1, LONG_LEASE)

        await self.outbox.split(LONG_LEASE.token, [OutboxKey(event.message_id)], retry_in=60.0)

        assert await waiting(self.outbox) == []
        await self.pass_time(61.0)
        assert [(e.key, e.attempts) for e in await waiting(self.outbox)] == [
            (OutboxKey(event.message_id), 0)
        ]

    async def test_the_age_of_an_event_is_the_databases(self) -> None:
        """The age grows while the event waits, across claims and releases."""
        committed = self.make_event()
        await subscribe(self.uow_on, "activity", wire_type(committed))
        await commit(self.uow_on, committed)
        (event,) = await self.outbox.claim(1, LONG_LEASE)
        await self.outbox.split(LONG_LEASE.token, [event.key])
        assert [round(event.age, -1) for event in await waiting(self.outbox)] == [0]

        for _ in range(2):
            await self.pass_time(100.0)
            (event,) = await self.outbox.claim(1, LONG_LEASE)
            await self.outbox.release(LONG_LEASE.token, [event.key], reason="its queue is full")

        assert 190 < event.age < 210
