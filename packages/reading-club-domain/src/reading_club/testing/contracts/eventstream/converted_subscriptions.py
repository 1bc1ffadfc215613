"""What every adapter promises a subscriber that gets events in another version than the stored."""

from collections.abc import Sequence

import pytest

from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.eventstream.errors import ReplayRefused
from reading_club.eventstream.ports.outbox import Lease, OutboxKey
from reading_club.eventstream.ports.replays import ReplayStep
from reading_club.eventstream.ports.statistics import OutsideProgress, Statistics
from reading_club.testing.contracts.eventstream.helpers import commit
from reading_club.testing.contracts.eventstream.reconciliation import Reconciling

LATER = "made_v9"
"""The type of the subscriber's queue; events are stored in an older version."""
INBOX = 1000.0
DIGEST = "digest"


class ConvertedSubscriptionsContract(Reconciling):
    """Rows, counts and replays are of stored events. Needs the fixtures of OutsideContract."""

    @pytest.fixture(autouse=True)
    def _statistics(self, statistics: Statistics) -> None:
        self.statistics = statistics

    async def add(self, *types: str, outside: bool = True) -> None:
        """Subscribe to a later version than the made events have, and to these types."""
        converted = {} if self.type in types else {self.type: LATER}
        async with self.uow_on(RecordingOutboxTransport()) as transaction:
            await transaction.uow.subscriptions.subscribe(
                DIGEST, [LATER, *types], outside=outside, converted=converted
            )
            await transaction.commit()

    async def names(self) -> dict[str, frozenset[str]]:
        """Return the subscribers outside with their types."""
        async with self.uow_on(RecordingOutboxTransport()) as transaction:
            found = dict(await transaction.uow.subscriptions.outside())
            await transaction.rollback()
        return found

    async def keys(self) -> Sequence[OutboxKey]:
        """Return the keys of the rows in the outbox."""
        return [row.key for row in await self.outbox.claim(10, Lease(60.0))]

    async def replay(self, *types: str) -> ReplayStep:
        """Begin a replay, and make its one step."""
        async with self.uow_on(RecordingOutboxTransport()) as transaction:
            replays = transaction.uow.replays
            await replays.begin(DIGEST, types, since=None, inbox=INBOX)
            step = await replays.step(DIGEST, limit=10, most=10)
            await transaction.commit()
        return step

    async def test_its_types_are_those_of_its_queue(self) -> None:
        """The stored version is none of them, until it is added."""
        await self.add()
        assert await self.names() == {DIGEST: {LATER}}

        await self.add("other_v1", self.type)
        assert await self.names() == {DIGEST: {LATER, "other_v1", self.type}}

    async def test_a_refused_event_is_split_into_a_row_of_its_own(self) -> None:
        """The row for the subscriber has the stored envelope, which the publisher converts."""
        await self.add()
        event = self.make_event()
        transport = await commit(self.uow_on, event)
        lease = Lease(60.0)
        (row,) = await self.outbox.claim(10, lease)

        await self.outbox.split(lease.token, [row.key])

        (split,) = await self.outbox.claim(10, Lease(60.0))
        assert split.key == OutboxKey(event.message_id, DIGEST)
        assert [split.envelope] == transport.handed_over

    async def test_its_events_are_counted(self) -> None:
        """An event counts from the subscription on, though its type is none of the queue's."""
        await self.publish(self.make_event())
        await self.pass_time(1)
        await self.add()
        await commit(self.uow_on, self.make_event())

        assert await self.statistics.outside() == [
            OutsideProgress(DIGEST, 1, 1, 0, replaying=False)
        ]

    async def test_an_event_is_missing_once(self) -> None:
        """Lag and missing events are those of messages, and not of versions."""
        await self.add(outside=False)
        event, other = self.make_event(), self.make_event()
        await self.publish(event, other)
        assert (await self.statistics.progress(DIGEST, [LATER])).lag == 2

        await self.receive(DIGEST, event)
        await self.pass_time(100)
        async with self.uow_on(RecordingOutboxTransport()) as transaction:
            sent = await transaction.uow.subscriptions.requeue_missing(
                DIGEST, idle=True, after=60.0, horizon=INBOX, limit=10
            )
            await transaction.commit()

        assert (await self.statistics.progress(DIGEST, [LATER])).lag == 1
        assert sent == 1
        assert await self.keys() == [OutboxKey(other.message_id, DIGEST)]

    async def test_the_history_is_replayed_as_its_type(self) -> None:
        """A replay of the type of its queue has the events that are stored in an older one."""
        events = [self.make_event() for _ in range(2)]
        await self.publish(*events)
        await self.pass_time(1)
        await self.add("other_v1")

        assert (await self.replay("other_v1")).requeued == 0
        assert await self.replay(LATER) == ReplayStep(2, finished=True)

        assert await self.keys() == [OutboxKey(event.message_id, DIGEST) for event in events]

    async def test_a_replay_is_refused_if_the_inbox_is_too_young(self) -> None:
        """The age of the stored events counts."""
        await self.add()
        await self.publish(self.make_event())
        await self.pass_time(INBOX + 60)

        with pytest.raises(ReplayRefused, match=self.type):
            await self.replay(LATER)

    async def test_one_that_is_removed_is_subscribed_to_nothing(self) -> None:
        """No row is left that would split an event for it."""
        await self.add()
        async with self.uow_on(RecordingOutboxTransport()) as transaction:
            assert await transaction.uow.subscriptions.remove_outside(DIGEST)
            await transaction.commit()
        event = self.make_event()
        await commit(self.uow_on, event)
        lease = Lease(60.0)
        await self.outbox.claim(10, lease)

        await self.outbox.split(lease.token, [OutboxKey(event.message_id)])

        assert await self.keys() == [OutboxKey(event.message_id)]
        await self.add()
        assert await self.names() == {DIGEST: {LATER}}
