"""What every adapter promises about replays of the history."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from messagebus import Event

from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.eventstream.errors import ReplayRefused
from reading_club.eventstream.ports.outbox import OutboxKey
from reading_club.eventstream.ports.replays import ReplayStep
from reading_club.eventstream.retention import DAY
from reading_club.testing.contracts.eventstream.helpers import SendReminder, commit, waiting
from reading_club.testing.contracts.eventstream.reconciliation import Reconciling

INBOX = 30 * DAY
"""Seconds for which inbox rows are kept."""
ANY = 1000


class ReplaysContract(Reconciling):
    """Replays for one subscriber. Needs the fixtures of ``OutboxContract``."""

    async def begin(self, since: datetime | None = None, *types: str) -> None:
        """Begin a replay for ``catalogue``."""
        async with self.uow_on(RecordingOutboxTransport()) as transaction:
            types = types or (self.type,)
            await transaction.uow.replays.begin("catalogue", types, since=since, inbox=INBOX)
            await transaction.commit()

    async def step(self, limit: int = ANY, most: int = ANY, *, kill: bool = False) -> ReplayStep:
        """Make a step; with ``kill`` its transaction does not commit."""
        async with self.uow_on(RecordingOutboxTransport()) as transaction:
            step = await transaction.uow.replays.step("catalogue", limit=limit, most=most)
            await (transaction.rollback() if kill else transaction.commit())
        return step

    async def remaining(self) -> int | None:
        """Return how many events are left."""
        async with self.uow_on(RecordingOutboxTransport()) as transaction:
            left = await transaction.uow.replays.remaining("catalogue")
            await transaction.rollback()
        return left

    async def history(self, number: int) -> list[Event]:
        """Publish events, and subscribe ``catalogue`` after them."""
        events = [self.make_event() for _ in range(number)]
        await self.publish(*events)
        await self.pass_time(1)
        await self.subscribe()
        return events

    async def replayed(self) -> Sequence[UUID]:
        """Return the ids in the outbox, all of which are for ``catalogue`` alone."""
        rows = await waiting(self.outbox)
        assert {row.key.subscriber for row in rows} <= {"catalogue"}
        return [row.key.message_id for row in rows]

    async def test_a_new_subscriber_gets_the_history(self) -> None:
        """Events that were published before the subscription go to its queue alone."""
        events = await self.history(3)
        await self.begin()
        assert await self.remaining() == 3

        assert await self.step() == ReplayStep(3, finished=True)

        assert await self.replayed() == [event.message_id for event in events]
        assert await self.remaining() is None
        assert await self.step() == ReplayStep(0, finished=True)

    async def test_a_replay_that_was_killed_goes_on(self) -> None:
        """Each step stores the position with its rows: none is sent twice or left out."""
        events = await self.history(5)
        await self.begin()

        await self.step(2)
        await self.send()
        await self.step(2, kill=True)
        assert await self.remaining() == 3
        assert not (await self.step(2)).finished
        assert (await self.step(2)).finished

        assert await self.replayed() == [event.message_id for event in events[2:]]

    async def test_a_replay_waits_for_the_relay(self) -> None:
        """No more than ``most`` rows of the subscriber are in the outbox."""
        await self.history(5)
        await self.begin()

        assert await self.step(2, most=3) == ReplayStep(2, finished=False)
        assert await self.step(2, most=3) == ReplayStep(1, finished=False)
        assert await self.step(2, most=3) == ReplayStep(0, finished=False)
        await self.send()
        assert (await self.step(3, most=3)).requeued == 2

    async def test_only_the_wanted_types_are_replayed(self) -> None:
        """Other messages of the history are left alone."""
        events = await self.history(1)
        await self.subscribe(type_="other_v1")
        await commit(self.uow_on, SendReminder(text="no"))
        await self.send()
        await self.begin(None, "other_v1")
        assert (await self.step()).requeued == 0

        await self.begin()
        await self.step()

        assert await self.replayed() == [events[0].message_id]

    async def test_what_has_an_effect_already_is_skipped(self) -> None:
        """Neither an event with an inbox row or a dead letter, nor one in the outbox, is added."""
        received, given_up, unsent, left = events = [self.make_event() for _ in range(4)]
        await self.subscribe()
        await commit(self.uow_on, *events)
        await self.send()
        await self.receive("catalogue", received)
        await self.set_aside("catalogue", given_up)
        async with self.uow_on(RecordingOutboxTransport()) as transaction:
            await transaction.uow.outbox.add(OutboxKey(unsent.message_id))
            await transaction.commit()
        await self.begin()

        await self.step()

        rows = {row.key for row in await waiting(self.outbox)}
        assert rows == {OutboxKey(unsent.message_id), OutboxKey(left.message_id, "catalogue")}

    async def test_a_later_beginning_leaves_out_older_events(self) -> None:
        """With ``since`` in the future nothing is replayed, with a past one everything after it."""
        events = await self.history(2)
        now = datetime.now(UTC)

        await self.begin(now + timedelta(days=1000))
        assert (await self.step()).requeued == 0
        await self.begin(now - timedelta(days=1000))
        assert (await self.step()).requeued == len(events)

    async def test_a_subscriber_whose_inbox_is_too_young_is_refused(self) -> None:
        """It is subscribed for longer than inbox rows are kept, as are events of its type."""
        await self.subscribe()
        await self.publish(self.make_event())
        await self.pass_time(INBOX + 60)

        with pytest.raises(ReplayRefused, match=self.type):
            await self.begin()

        assert await self.remaining() is None

    async def test_a_new_subscriber_gets_also_what_is_older_than_every_inbox(self) -> None:
        """Its inbox has everything that it has received."""
        await self.publish(self.make_event())
        await self.pass_time(INBOX + 60)
        await self.subscribe()
        await self.begin()

        assert (await self.step()).requeued == 1

    async def test_an_old_subscriber_gets_what_its_inbox_reaches_back_to(self) -> None:
        """Without older events of its type, nothing can take effect twice."""
        await self.subscribe()
        await self.pass_time(INBOX + 60)
        await self.publish(self.make_event())
        await self.begin()

        assert (await self.step()).requeued == 1
