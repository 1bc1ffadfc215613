"""What every outbox promises about claimed rows."""

from uuid import UUID, uuid4

import pytest

from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.eventstream.ports.dead_letters import RELAY, DeadLetter
from reading_club.eventstream.ports.inbox import InboxKey
from reading_club.eventstream.ports.outbox import Lease, OutboxKey, OutboxStore
from reading_club.eventstream.wire import wire_type
from reading_club.testing.contracts.eventstream.helpers import (
    LONG_LEASE,
    OutboxFixtures,
    UnitOfWorkOn,
    commit,
    keys,
    waiting,
)


async def finish(outbox: OutboxStore, method: str, token: UUID, *wanted: OutboxKey) -> None:
    """Call the outbox's method of this name for these rows."""
    failures = dict.fromkeys(wanted, "refused")
    if method == "delete":
        await outbox.delete(token, wanted)
    elif method == "release":
        await outbox.release(token, wanted)
    elif method == "fail":
        await outbox.fail(token, failures, retry_in=0.0)
    else:
        await outbox.dead_letter(token, failures)


async def letters(uow_on: UnitOfWorkOn) -> list[DeadLetter]:
    """Return all dead letters."""
    async with uow_on(RecordingOutboxTransport()) as transaction:
        found = list(await transaction.uow.dead_letters.page())
        await transaction.rollback()
    return found


class OutboxLeaseContract(OutboxFixtures):
    """Only the holder of the token can change a leased row.

    Needs the fixtures of ``OutboxContract``.
    """

    @pytest.mark.parametrize("method", ["delete", "release", "fail", "dead_letter"])
    async def test_a_stale_token_changes_nothing(self, method: str) -> None:
        """After its lease, a slow relay cannot change a row that another relay has claimed."""
        event, slow, fast = self.make_event(), Lease(5.0), Lease(60.0)
        await commit(self.uow_on, event)
        await self.outbox.claim(1, slow)
        await self.pass_time(6.0)
        await self.outbox.claim(1, fast)

        await finish(self.outbox, method, slow.token, OutboxKey(event.message_id))

        assert await waiting(self.outbox) == []
        assert await letters(self.uow_on) == []
        await self.pass_time(61.0)
        assert [(e.key, e.attempts) for e in await waiting(self.outbox)] == [
            (OutboxKey(event.message_id), 0)
        ]

    @pytest.mark.parametrize("method", ["delete", "release", "fail", "dead_letter"])
    async def test_only_the_rows_that_are_named_are_finished(self, method: str) -> None:
        """Rows of other subscribers, and other claimed rows, stay as they are."""
        event, lease = self.make_event(), Lease(60.0)
        mine, other = (
            OutboxKey(event.message_id, "activity"),
            OutboxKey(event.message_id, "catalogue"),
        )
        await commit(self.uow_on, event)
        async with self.uow_on(RecordingOutboxTransport()) as transaction:
            await transaction.uow.outbox.add(mine)
            await transaction.uow.outbox.add(other)
            await transaction.commit()
        await self.outbox.claim(3, lease)

        await finish(self.outbox, method, lease.token, mine, OutboxKey(uuid4()))

        assert keys(await waiting(self.outbox)) == ([mine] if method in {"release", "fail"} else [])
        await self.pass_time(61.0)
        rest = [e for e in await waiting(self.outbox) if e.key != mine]
        assert [(e.key, e.attempts) for e in rest] == [(OutboxKey(event.message_id), 0), (other, 0)]

    async def test_the_transport_deletes_what_it_was_leased(self) -> None:
        """The token of the lease that rows are inserted with is the right to delete them."""
        events = [self.make_event() for _ in range(3)]
        transport = await commit(self.uow_on, *events, lease=LONG_LEASE)

        await self.outbox.delete(
            transport.lease.token, [OutboxKey(event.message_id) for event in events]
        )

        await self.pass_time(3601.0)
        assert await waiting(self.outbox) == []

    async def test_a_release_counts_nothing(self) -> None:
        """A released row can be claimed at once, with unchanged attempts."""
        await commit(self.uow_on, self.make_event())
        for _ in range(3):
            (event,) = await self.outbox.claim(1, LONG_LEASE)
            await self.outbox.release(LONG_LEASE.token, [event.key])

        assert [event.attempts for event in await waiting(self.outbox)] == [0]

    async def test_what_is_released_may_be_kept_back(self) -> None:
        """A row released with ``retry_in`` can be claimed after that time."""
        await commit(self.uow_on, self.make_event())
        (event,) = await self.outbox.claim(1, LONG_LEASE)

        await self.outbox.release(LONG_LEASE.token, [event.key], retry_in=30.0)

        assert await waiting(self.outbox) == []
        await self.pass_time(31.0)
        assert [event.attempts for event in await waiting(self.outbox)] == [0]

    async def test_a_failure_counts_and_keeps_back(self) -> None:
        """A failed row can be claimed after ``retry_in``, with one attempt more."""
        await commit(self.uow_on, self.make_event())
        for attempt in range(1, 3):
            (event,) = await self.outbox.claim(1, LONG_LEASE)
            await self.outbox.fail(LONG_LEASE.token, {event.key: "refused"}, retry_in=30.0)

            assert await waiting(self.outbox) == []
            await self.pass_time(31.0)
            assert [event.attempts for event in await waiting(self.outbox)] == [attempt]

    @pytest.mark.parametrize("subscriber", ["", "catalogue"])
    async def test_a_buried_event_is_one_dead_letter(self, subscriber: str) -> None:
        """A dead letter replaces the row: of its subscriber, or of RELAY for all subscribers."""
        event = self.make_event()
        key = OutboxKey(event.message_id, subscriber)
        transport = await commit(self.uow_on, event, lease=LONG_LEASE)
        async with self.uow_on(RecordingOutboxTransport()) as transaction:
            await transaction.uow.outbox.add(key)
            await transaction.commit()
        lease = LONG_LEASE if subscriber == "" else Lease(LONG_LEASE.seconds)
        await self.outbox.claim(1, lease)

        for _ in range(2):
            await self.outbox.dead_letter(lease.token, {key: "no queue"})

        (letter,) = await letters(self.uow_on)
        assert letter.subscriber == (subscriber or RELAY)
        assert (letter.message_id, letter.type) == (event.message_id, wire_type(event))
        assert letter.envelope == transport.handed_over[0]
        assert (letter.error, letter.attempts, letter.parked) == ("no queue", 1, False)
        assert letter.can_be_sent
        await self.pass_time(3601.0)
        assert key not in keys(await waiting(self.outbox))

    async def test_events_are_buried_together(self) -> None:
        """Each dead letter has its own error and subscriber."""
        events = [self.make_event(), self.make_event()]
        errors = {OutboxKey(event.message_id): str(number) for number, event in enumerate(events)}
        errors[OutboxKey(events[0].message_id, "catalogue")] = "of one"
        await commit(self.uow_on, *events)
        async with self.uow_on(RecordingOutboxTransport()) as transaction:
            await transaction.uow.outbox.add(OutboxKey(events[0].message_id, "catalogue"))
            await transaction.commit()
        await self.outbox.claim(3, LONG_LEASE)

        await self.outbox.dead_letter(LONG_LEASE.token, errors)

        assert {(e.message_id, e.subscriber, e.error) for e in await letters(self.uow_on)} == {
            (key.message_id, key.subscriber or RELAY, error) for key, error in errors.items()
        }

    async def test_what_has_arrived_after_all_is_no_dead_letter(self) -> None:
        """A row whose subscriber has an inbox row by now is deleted, without a dead letter."""
        event = self.make_event()
        key = OutboxKey(event.message_id, "catalogue")
        await commit(self.uow_on, event, lease=LONG_LEASE)
        async with self.uow_on(RecordingOutboxTransport()) as transaction:
            await transaction.uow.outbox.add(key)
            await transaction.uow.inbox.insert_new(InboxKey("catalogue", event.message_id))
            await transaction.commit()
        lease = Lease(60.0)
        await self.outbox.claim(1, lease)

        await self.outbox.dead_letter(lease.token, {key: "no queue"})

        assert await letters(self.uow_on) == []
