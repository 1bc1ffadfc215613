"""What every adapter promises about subscribers outside: their rows, counts, and their end."""

import pytest

from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.eventstream.ports.outbox import Lease, OutboxKey
from reading_club.eventstream.ports.statistics import OutsideProgress, Statistics
from reading_club.testing.contracts.eventstream.helpers import commit, ids
from reading_club.testing.contracts.eventstream.reconciliation import Reconciling


class OutsideContract(Reconciling):
    """Subscribers in other programs. Needs the fixtures of ``StatisticsContract``."""

    @pytest.fixture(autouse=True)
    def _statistics(self, statistics: Statistics) -> None:
        self.statistics = statistics

    async def add(self, name: str = "digest", *types: str) -> None:
        """Subscribe a program outside to the type of the made events, or others, from now on."""
        async with self.uow_on(RecordingOutboxTransport()) as transaction:
            types = types or (self.type,)
            await transaction.uow.subscriptions.subscribe(name, types, outside=True)
            await transaction.commit()

    async def remove(self, name: str = "digest") -> bool:
        """End a subscriber outside."""
        async with self.uow_on(RecordingOutboxTransport()) as transaction:
            known = await transaction.uow.subscriptions.remove_outside(name)
            await transaction.commit()
        return known

    async def names(self) -> dict[str, frozenset[str]]:
        """Return the subscribers outside with their types."""
        async with self.uow_on(RecordingOutboxTransport()) as transaction:
            found = dict(await transaction.uow.subscriptions.outside())
            await transaction.rollback()
        return found

    async def own(self) -> dict[str, frozenset[str]]:
        """Return the subscribers that are not outside with their types."""
        async with self.uow_on(RecordingOutboxTransport()) as transaction:
            found = dict(await transaction.uow.subscriptions.own())
            await transaction.rollback()
        return found

    async def enqueue(self, *keys: OutboxKey) -> None:
        """Put events into the outbox."""
        async with self.uow_on(RecordingOutboxTransport()) as transaction:
            for key in keys:
                await transaction.uow.outbox.add(key)
            await transaction.commit()

    async def test_those_outside_are_told_from_the_others(self) -> None:
        """They have the types of all their subscriptions, also of later ones."""
        await self.subscribe("catalogue")
        await self.add("digest")
        await self.add("digest", "other_v1")
        await self.add("audit", "other_v1")

        found = await self.names()

        assert list(found) == ["audit", "digest"]
        assert found["digest"] == {self.type, "other_v1"}
        assert await self.own() == {"catalogue": {self.type}}

    async def test_one_that_is_removed_leaves_nothing_in_the_outbox(self) -> None:
        """Its rows go, and those of other subscribers stay."""
        await self.add()
        event = self.make_event()
        await self.publish(event)
        theirs = OutboxKey(event.message_id, "catalogue")
        await self.enqueue(OutboxKey(event.message_id, "digest"), theirs)

        assert await self.remove()
        assert not await self.remove()

        assert await self.names() == {}
        assert await self.statistics.outside() == []
        assert [row.key for row in await self.outbox.claim(10, Lease(60.0))] == [theirs]

    async def test_a_subscriber_inside_cannot_be_removed(self) -> None:
        """Its subscription and its rows in the outbox stay."""
        event = await self.lost()
        await self.enqueue(OutboxKey(event.message_id, "catalogue"))

        assert not await self.remove("catalogue")

        assert await ids(self.outbox) == [event.message_id]
        assert (await self.statistics.progress("catalogue", [self.type])).lag == 1

    async def test_events_wait_until_a_queue_has_confirmed_them(self) -> None:
        """An event in the outbox waits for it; a confirmed one does not, without a receipt."""
        await self.publish(self.make_event())
        await self.pass_time(1)
        await self.add()
        await self.publish(self.make_event())
        await commit(self.uow_on, self.make_event())

        (progress,) = await self.statistics.outside()
        await self.send()
        (sent,) = await self.statistics.outside()

        assert progress == OutsideProgress("digest", 2, 1, 0, replaying=False)
        assert sent.waiting == 0

    async def test_an_event_for_it_alone_waits_as_well(self) -> None:
        """Its own rows and dead letters are counted, and not those of others."""
        await self.add()
        event, other = self.make_event(), self.make_event()
        await self.publish(event, other)
        await self.enqueue(OutboxKey(event.message_id, "digest"))
        await self.enqueue(OutboxKey(other.message_id, "catalogue"))
        await self.set_aside("digest", other)
        await self.set_aside("catalogue", other)

        (progress,) = await self.statistics.outside()

        assert (progress.waiting, progress.dead_letters) == (1, 1)

    async def test_a_refusal_is_split_into_its_row_too(self) -> None:
        """While a queue refuses, each subscriber of the type gets a row, those outside as well."""
        await self.subscribe("catalogue")
        await self.add()
        event = self.make_event()
        await commit(self.uow_on, event)
        lease = Lease(60.0)
        rows = await self.outbox.claim(10, lease)

        await self.outbox.split(lease.token, [row.key for row in rows])

        split = await self.outbox.claim(10, Lease(60.0))
        assert [row.key.subscriber for row in split] == ["catalogue", "digest"]
