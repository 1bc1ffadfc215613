"""What every outbox promises about the events that wait in it."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from lastuuid import uuid7

from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.eventstream.ports.outbox import Lease, OutboxKey
from reading_club.eventstream.wire import wire_type
from reading_club.testing.contracts.eventstream.helpers import (
    LONG_LEASE,
    OutboxFixtures,
    SendReminder,
    commit,
    ids,
    keys,
    waiting,
)


class OutboxContract(OutboxFixtures):
    """Committed events are claimed by one relay at a time, the oldest first.

    Needs the fixtures ``outbox``, on the same database as ``uow_on`` (see ``UnitOfWorkOn``),
    and ``pass_time`` (see ``PassTime``).
    """

    async def test_a_committed_event_waits_leased_to_its_transport(self) -> None:
        """Relays can claim the event after the transport's lease; the command has no row."""
        event = self.make_event()
        async with self.uow_on(RecordingOutboxTransport(Lease(10.0))) as transaction:
            for message in (SendReminder(text="unpublished"), event):
                await transaction.uow.messagestore.add(message)
            await transaction.commit()

        assert await waiting(self.outbox) == []
        await self.pass_time(11.0)
        assert [row.envelope["type"] for row in await waiting(self.outbox)] == [wire_type(event)]

    async def test_an_event_is_handed_over_after_its_commit(self) -> None:
        """The transport gets the event once, after the commit of its row."""
        transport, event = RecordingOutboxTransport(), self.make_event()
        async with self.uow_on(transport) as transaction:
            await transaction.uow.messagestore.add(event)
            await transaction.commit()
            assert transport.handed_over == []
            assert await ids(self.outbox) == [event.message_id]

        assert [message["id"] for message in transport.handed_over] == [str(event.message_id)]

    async def test_a_transaction_that_was_rolled_back_leaves_nothing(self) -> None:
        """Neither a rollback nor an exception leaves a row."""
        async with self.uow_on(RecordingOutboxTransport()) as transaction:
            await transaction.uow.messagestore.add(self.make_event())
            await transaction.uow.outbox.add(OutboxKey(uuid7()), {"type": "x"})
            await transaction.rollback()
        with pytest.raises(KeyError):
            async with self.uow_on(RecordingOutboxTransport()) as transaction:
                await transaction.uow.messagestore.add(self.make_event())
                raise KeyError

        assert await waiting(self.outbox) == []

    async def test_the_oldest_are_claimed_first(self) -> None:
        """A claim takes its limit of the oldest messages, whatever the order of the commits."""
        events = [self.make_event() for _ in range(5)]
        for event in reversed(events):
            await commit(self.uow_on, event)
        first = await self.outbox.claim(2, LONG_LEASE)
        rest = await self.outbox.claim(10, LONG_LEASE)

        claimed = [event.key.message_id for event in (*first, *rest)]
        assert claimed == [event.message_id for event in events]
        assert len(first) == 2

    async def test_a_claim_can_begin_at_a_message(self) -> None:
        """Rows of messages with smaller ids are left for another claim."""
        older, *events = [self.make_event() for _ in range(3)]
        await commit(self.uow_on, older, *events)
        later = await self.outbox.claim(10, LONG_LEASE, since=events[0].message_id)
        others = await self.outbox.claim(10, LONG_LEASE)

        assert [row.key.message_id for row in later] == [event.message_id for event in events]
        assert [row.key.message_id for row in others] == [older.message_id]

    async def test_two_claims_never_give_the_same_row(self) -> None:
        """Concurrent claims share the rows, and together have each of them once."""
        events = [self.make_event() for _ in range(20)]
        await commit(self.uow_on, *events)

        claims = await asyncio.gather(*[self.outbox.claim(8, Lease(3600.0)) for _ in range(3)])
        claimed = [
            key
            for claim in (*claims, await self.outbox.claim(20, LONG_LEASE))
            for key in keys(claim)
        ]

        assert sorted(claimed) == [OutboxKey(event.message_id) for event in events]

    async def test_a_claim_ends_with_its_lease(self) -> None:
        """The rows of a crashed relay can be claimed after its lease."""
        event = self.make_event()
        await commit(self.uow_on, event)
        await self.outbox.claim(1, Lease(30.0))
        await self.pass_time(29.0)
        assert await ids(self.outbox) == []

        await self.pass_time(2.0)

        assert await ids(self.outbox) == [event.message_id]

    @pytest.mark.parametrize(
        "text", ["", 'plain "quoted" \\ </>', "\n\ttwo lines\n", "é 🦉 日本語 \u2028"]
    )
    async def test_an_envelope_is_what_would_have_been_published(self, text: str) -> None:
        """The claimed envelope is the published message, to the character."""
        events = [self.make_event(text), self.make_event('É "quoted" 🦉')]
        events[0].created_at = datetime(2026, 1, 1, tzinfo=UTC)

        transport = await commit(self.uow_on, *events)

        sent: dict[str, Mapping[str, Any]] = {m["id"]: m for m in transport.handed_over}
        claimed = {
            str(event.key.message_id): event.envelope for event in await waiting(self.outbox)
        }
        assert claimed == sent
        assert len(sent) == 2

    async def test_an_event_for_one_waits_beside_the_one_for_everybody(self) -> None:
        """The row for one subscriber has the same envelope as the row for all."""
        event = self.make_event()
        await commit(self.uow_on, event)
        async with self.uow_on(RecordingOutboxTransport()) as transaction:
            await transaction.uow.outbox.add(OutboxKey(event.message_id, "catalogue"))
            await transaction.commit()

        everybodys, ones = await waiting(self.outbox)

        assert everybodys.key == OutboxKey(event.message_id)
        assert ones.key == OutboxKey(event.message_id, "catalogue")
        assert everybodys.envelope == ones.envelope

    async def test_an_event_is_added_once(self) -> None:
        """Adding an existing row changes nothing, not even its lease."""
        event = self.make_event()
        await commit(self.uow_on, event, lease=LONG_LEASE)
        key = OutboxKey(uuid7(), "catalogue")
        for _ in range(2):
            async with self.uow_on(RecordingOutboxTransport()) as transaction:
                await transaction.uow.outbox.add(OutboxKey(event.message_id))
                await transaction.uow.outbox.add(key, {"type": "first"})
                await transaction.uow.outbox.add(key, {"type": "second"})
                await transaction.commit()

        assert [(e.key, e.envelope) for e in await waiting(self.outbox)] == [
            (key, {"type": "first"})
        ]

    async def test_an_envelope_of_its_own_is_sent_as_it_is(self) -> None:
        """An envelope that is not in the message store is sent unchanged."""
        envelope = {
            "id": "x",
            "type": "parcel_burned_v7",
            "payload": '{"é": "🦉 \\u0000"}',
            "more": [1],
        }
        async with self.uow_on(RecordingOutboxTransport()) as transaction:
            await transaction.uow.outbox.add(OutboxKey(uuid7()), envelope)
            await transaction.commit()

        assert [event.envelope for event in await waiting(self.outbox)] == [envelope]

    async def test_an_event_that_the_history_has_lost_holds_up_nobody(self) -> None:
        """A row without a stored message has an empty envelope, which publishers refuse."""
        lost, event = OutboxKey(uuid7()), self.make_event()
        async with self.uow_on(RecordingOutboxTransport()) as transaction:
            await transaction.uow.outbox.add(lost)
            await transaction.uow.messagestore.add(event)
            await transaction.commit()

        assert [e.envelope == {} for e in await waiting(self.outbox)] == [True, False]
