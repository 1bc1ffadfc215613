"""What every outbox promises about the events that wait in it."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from lastuuid import uuid7

from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.domain.messages import RegisterBook
from reading_club.eventstream.ports.outbox import Lease, OutboxKey, OutboxStore
from reading_club.service.bus import ClubBus
from reading_club.testing.builders import a_book, a_review, a_reviewer, an_event, an_isbn
from reading_club.testing.contracts.helpers import (
    LONG,
    PassTime,
    UnitOfWorkOn,
    commit,
    ids,
    keys,
    waiting,
)


class OutboxContract:
    """Committed events are claimed by one relay at a time, the oldest first.

    Needs the fixtures ``outbox``, on the same database as ``uow_on`` (see ``UnitOfWorkOn``),
    and ``pass_time`` (see ``PassTime``).
    """

    async def test_a_committed_event_waits_leased_to_its_transport(
        self, uow_on: UnitOfWorkOn, outbox: OutboxStore, pass_time: PassTime, bus: ClubBus
    ) -> None:
        """Relays can claim the event after the transport's lease; the command has no row."""
        transport = RecordingOutboxTransport(Lease(10.0))
        async with uow_on(transport) as transaction:
            await bus.handle(
                RegisterBook(isbn=an_isbn(), title="T", author="A"),
                transaction,
            )
            await transaction.commit()

        assert await waiting(outbox) == []
        await pass_time(11.0)
        assert [event.envelope["type"] for event in await waiting(outbox)] == ["book_registered_v1"]

    async def test_an_event_is_handed_over_after_its_commit(
        self, uow_on: UnitOfWorkOn, outbox: OutboxStore
    ) -> None:
        """The transport gets the event once, after the commit of its row."""
        transport, event = RecordingOutboxTransport(), an_event()
        async with uow_on(transport) as transaction:
            await transaction.uow.messagestore.add(event)
            await transaction.commit()
            assert transport.handed_over == []
            assert await ids(outbox) == [event.message_id]

        assert [message["id"] for message in transport.handed_over] == [str(event.message_id)]

    async def test_a_transaction_that_was_rolled_back_leaves_nothing(
        self, uow_on: UnitOfWorkOn, outbox: OutboxStore
    ) -> None:
        """Neither a rollback nor an exception leaves a row."""
        async with uow_on(RecordingOutboxTransport()) as transaction:
            await transaction.uow.messagestore.add(an_event())
            await transaction.uow.outbox.add(OutboxKey(uuid7()), {"type": "x"})
            await transaction.rollback()
        with pytest.raises(KeyError):
            async with uow_on(RecordingOutboxTransport()) as transaction:
                await transaction.uow.messagestore.add(an_event())
                raise KeyError

        assert await waiting(outbox) == []

    async def test_the_oldest_are_claimed_first(
        self, uow_on: UnitOfWorkOn, outbox: OutboxStore
    ) -> None:
        """A claim takes its limit of the oldest messages, whatever the order of the commits."""
        events = [an_event() for _ in range(5)]
        for event in reversed(events):
            await commit(uow_on, event)
        first = await outbox.claim(2, LONG)
        rest = await outbox.claim(10, LONG)

        claimed = [event.key.message_id for event in (*first, *rest)]
        assert claimed == [event.message_id for event in events]
        assert len(first) == 2

    async def test_two_claims_never_give_the_same_row(
        self, uow_on: UnitOfWorkOn, outbox: OutboxStore
    ) -> None:
        """Concurrent claims share the rows, and together have each of them once."""
        events = [an_event() for _ in range(20)]
        await commit(uow_on, *events)

        claims = await asyncio.gather(*[outbox.claim(8, Lease(3600.0)) for _ in range(3)])
        claimed = [key for claim in (*claims, await outbox.claim(20, LONG)) for key in keys(claim)]

        assert sorted(claimed) == [OutboxKey(event.message_id) for event in events]

    async def test_a_claim_ends_with_its_lease(
        self, uow_on: UnitOfWorkOn, outbox: OutboxStore, pass_time: PassTime
    ) -> None:
        """The rows of a crashed relay can be claimed after its lease."""
        event = an_event()
        await commit(uow_on, event)
        await outbox.claim(1, Lease(30.0))
        await pass_time(29.0)
        assert await ids(outbox) == []

        await pass_time(2.0)

        assert await ids(outbox) == [event.message_id]

    @pytest.mark.parametrize(
        "text", ["", 'plain "quoted" \\ </>', "\n\ttwo lines\n", "é 🦉 日本語 \u2028"]
    )
    async def test_an_envelope_is_what_would_have_been_published(
        self, uow_on: UnitOfWorkOn, outbox: OutboxStore, text: str
    ) -> None:
        """The claimed envelope is the published message, to the character."""
        book, reviewer = a_book(title='É "quoted" 🦉'), a_reviewer()
        review = a_review(book=book, reviewer=reviewer, comment="")
        review.revise(3, text)
        events: list[Any] = [*book.messages, *reviewer.messages, *review.messages]
        events[0].created_at = datetime(2026, 1, 1, tzinfo=UTC)

        transport = await commit(uow_on, *events)

        sent: dict[str, Mapping[str, Any]] = {m["id"]: m for m in transport.handed_over}
        claimed = {str(event.key.message_id): event.envelope for event in await waiting(outbox)}
        assert claimed == sent
        assert len(sent) == 4

    async def test_an_event_for_one_waits_beside_the_one_for_everybody(
        self, uow_on: UnitOfWorkOn, outbox: OutboxStore
    ) -> None:
        """The row for one subscriber has the same envelope as the row for all."""
        event = an_event()
        await commit(uow_on, event)
        async with uow_on(RecordingOutboxTransport()) as transaction:
            await transaction.uow.outbox.add(OutboxKey(event.message_id, "catalogue"))
            await transaction.commit()

        everybodys, ones = await waiting(outbox)

        assert everybodys.key == OutboxKey(event.message_id)
        assert ones.key == OutboxKey(event.message_id, "catalogue")
        assert everybodys.envelope == ones.envelope

    async def test_an_event_is_added_once(self, uow_on: UnitOfWorkOn, outbox: OutboxStore) -> None:
        """Adding an existing row changes nothing, not even its lease."""
        event = an_event()
        await commit(uow_on, event, lease=LONG)
        key = OutboxKey(uuid7(), "catalogue")
        for _ in range(2):
            async with uow_on(RecordingOutboxTransport()) as transaction:
                await transaction.uow.outbox.add(OutboxKey(event.message_id))
                await transaction.uow.outbox.add(key, {"type": "first"})
                await transaction.uow.outbox.add(key, {"type": "second"})
                await transaction.commit()

        assert [(e.key, e.envelope) for e in await waiting(outbox)] == [(key, {"type": "first"})]

    async def test_an_envelope_of_its_own_is_sent_as_it_is(
        self, uow_on: UnitOfWorkOn, outbox: OutboxStore
    ) -> None:
        """An envelope that is not in the message store is sent unchanged."""
        envelope = {
            "id": "x",
            "type": "book_burned_v7",
            "payload": '{"é": "🦉 \\u0000"}',
            "more": [1],
        }
        async with uow_on(RecordingOutboxTransport()) as transaction:
            await transaction.uow.outbox.add(OutboxKey(uuid7()), envelope)
            await transaction.commit()

        assert [event.envelope for event in await waiting(outbox)] == [envelope]

    async def test_an_event_that_the_history_has_lost_holds_up_nobody(
        self, uow_on: UnitOfWorkOn, outbox: OutboxStore
    ) -> None:
        """A row without a stored message has an empty envelope, which publishers refuse."""
        lost, event = OutboxKey(uuid7()), an_event()
        async with uow_on(RecordingOutboxTransport()) as transaction:
            await transaction.uow.outbox.add(lost)
            await transaction.uow.messagestore.add(event)
            await transaction.commit()

        assert [e.envelope == {} for e in await waiting(outbox)] == [True, False]
