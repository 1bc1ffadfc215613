"""A relay that is woken, as after a commit in its own process, does not wait for its next poll."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from reading_club.adapters.memory.outbox import InMemoryOutbox
from reading_club.eventstream.outbox.relay import Relay
from reading_club.eventstream.ports.outbox import OLDEST, Lease, OutboxMessage
from reading_club.testing.relay_fixture import RelayFixture, ids


class ObservedOutbox(InMemoryOutbox):
    """An outbox that counts the claims that found nothing."""

    empty: asyncio.Semaphore

    async def claim(
        self, limit: int, lease: Lease, *, since: UUID = OLDEST
    ) -> Sequence[OutboxMessage]:
        """Claim, and count an empty claim."""
        claimed = await super().claim(limit, lease, since=since)
        if not claimed:
            self.empty.release()
        return claimed


async def test_a_wake_from_any_thread_ends_the_pause() -> None:
    """Events that were committed meanwhile are sent, long before the next poll."""
    club, stopping = RelayFixture(), asyncio.Event()
    outbox = ObservedOutbox(club.database)
    outbox.empty = asyncio.Semaphore(0)
    relay = Relay(outbox, club.broker, poll=3600.0)
    running = asyncio.create_task(relay.run(stopping))
    await outbox.empty.acquire()

    events = await club.commit(3)
    await asyncio.to_thread(relay.wake)
    await asyncio.wait_for(outbox.empty.acquire(), 10)

    assert club.sent() == ids(events)
    stopping.set()
    await asyncio.wait_for(running, 10)


async def test_a_relay_that_is_not_running_is_not_woken() -> None:
    """Before its start and after its end ``wake`` does nothing, and raises nothing."""
    club, stopping = RelayFixture(), asyncio.Event()
    relay = club.another_relay()
    stopping.set()

    relay.wake()
    await asyncio.to_thread(asyncio.run, relay.run(stopping))
    relay.wake()

    assert club.broker.batch_sizes == []
