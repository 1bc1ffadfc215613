"""The relay on an outbox and a broker in memory."""

import asyncio
import threading
from collections.abc import Collection, Sequence
from uuid import UUID

import pytest

from reading_club.adapters.memory.club_database import InMemoryDatabase
from reading_club.adapters.memory.outbox import InMemoryOutbox
from reading_club.adapters.memory.publisher import InMemoryPublisher
from reading_club.eventstream.errors import EventstreamUnavailable, StorageUnavailable
from reading_club.eventstream.outbox.relay import Relay
from reading_club.eventstream.ports.outbox import OLDEST, Lease, OutboxKey, OutboxMessage
from reading_club.eventstream.ports.publisher import PublishResult
from reading_club.testing.relay_fixture import POLL, RelayFixture, ids


@pytest.fixture
def club() -> RelayFixture:
    """A relay on an empty outbox."""
    return RelayFixture()


class CrashingOutbox(InMemoryOutbox):
    """The outbox of a relay that crashes before the DELETE."""

    async def delete(self, token: UUID, keys: Collection[OutboxKey]) -> None:  # noqa: ARG002  # the port's
        """Crash."""
        raise KeyboardInterrupt


class StopRequestingPublisher(InMemoryPublisher):
    """A broker that sets ``stopping`` during a batch."""

    def __init__(self, loop: asyncio.AbstractEventLoop, stopping: asyncio.Event) -> None:
        super().__init__()
        self._loop, self._stopping = loop, stopping

    def publish(self, events: Sequence[OutboxMessage]) -> PublishResult:
        """Set ``stopping``, and take the batch."""
        self._loop.call_soon_threadsafe(self._stopping.set)
        return super().publish(events)


async def test_events_are_sent_in_windows_and_in_their_order(club: RelayFixture) -> None:
    """Confirmed rows are deleted; with an empty outbox the relay waits for the next poll."""
    events = await club.commit(25)

    pauses = await club.turns(4)

    assert pauses == [0.0, 0.0, 0.0, POLL]
    assert club.broker.batch_sizes == [10, 10, 5]
    assert club.sent() == ids(events)
    assert club.database.outbox == {}


async def test_a_database_that_is_away_is_survived(club: RelayFixture) -> None:
    """The relay polls until the database is back, then sends all events."""
    events = await club.commit(3)
    club.database.error = StorageUnavailable("away")
    assert await club.turns(3) == [POLL, POLL, POLL]
    assert not await club.relay.drain()

    club.database.error = None

    assert await club.relay.drain()
    assert club.sent() == ids(events)


async def test_draining_sends_everything_or_says_that_it_could_not(club: RelayFixture) -> None:
    """At an outage, draining returns False instead of waiting."""
    events = await club.commit(35)
    club.broker.outage, club.broker.before_outage = EventstreamUnavailable("away"), 12
    assert not await club.relay.drain()
    assert not await club.relay.drain()

    club.broker.outage = None
    club.clock.advance(1.0)

    assert await club.relay.drain()
    assert club.sent() == ids(events)


async def test_what_a_dead_relay_has_sent_is_sent_again(club: RelayFixture) -> None:
    """A row that was not deleted is sent again after its lease: at-least-once delivery."""
    events = await club.commit(2)
    with pytest.raises(KeyboardInterrupt):
        await club.another_relay(CrashingOutbox(club.database)).run_once()
    assert await club.relay.drain()
    assert len(club.sent()) == 2

    club.clock.advance(31.0)
    await club.relay.drain()

    assert club.sent() == ids(events) * 2
    assert club.database.outbox == {}


async def test_relays_at_once_share_the_work(club: RelayFixture) -> None:
    """Three relays send each event once."""
    events = await club.commit(100)
    relays = [club.another_relay() for _ in range(3)]

    await asyncio.gather(*[relay.drain() for relay in relays])

    assert sorted(club.sent()) == ids(events)
    assert max(club.broker.batch_sizes) == 10


async def test_it_finishes_its_window_when_it_is_asked_to_stop(club: RelayFixture) -> None:
    """The claimed batch is finished, and no other one is published."""
    await club.commit(25)
    stopping = asyncio.Event()
    club.broker = StopRequestingPublisher(asyncio.get_running_loop(), stopping)

    await asyncio.wait_for(club.another_relay().run(stopping), 10)

    assert club.broker.batch_sizes == [10]
    assert len(club.database.outbox) == 15


async def test_a_pause_ends_when_it_is_asked_to_stop(club: RelayFixture) -> None:
    """StopRequestingPublisher interrupts the pause before the next poll, or during an outage."""
    stopping = asyncio.Event()
    relay = Relay(club.outbox, club.broker, poll=3600.0)
    asyncio.get_running_loop().call_soon(stopping.set)

    await asyncio.wait_for(relay.run(stopping), 10)

    assert club.broker.batch_sizes == []


class CountingOutbox(InMemoryOutbox):
    """An outbox that sets ``reached`` after a number of claims."""

    def __init__(self, database: InMemoryDatabase, number: int) -> None:
        super().__init__(database)
        self._left = number
        self.reached = threading.Event()

    async def claim(
        self, limit: int, lease: Lease, *, since: UUID = OLDEST
    ) -> Sequence[OutboxMessage]:
        """Claim, and count the claim."""
        claimed = await super().claim(limit, lease, since=since)
        self._left -= 1
        if not self._left:
            self.reached.set()
        return claimed


class WaitingPublisher(InMemoryPublisher):
    """A broker whose second batch waits for ``told``, and fails then if there is an ``outage``."""

    def __init__(self, told: threading.Event, outage: Exception | None = None) -> None:
        super().__init__()
        self._told, self._outage = told, outage

    def publish(self, events: Sequence[OutboxMessage]) -> PublishResult:
        """Wait before the second batch."""
        if self.batch_sizes:
            assert self._told.wait(10)
            self.outage = self._outage
        return super().publish(events)


async def test_a_window_is_claimed_while_another_is_published(club: RelayFixture) -> None:
    """The next batch is claimed while the broker confirms one; events stay in order."""
    events = await club.commit(30)
    outbox = CountingOutbox(club.database, 3)
    broker = WaitingPublisher(outbox.reached)

    assert await Relay(outbox, broker, batch_size=10).drain()

    assert [event.key.message_id for event in broker.sent] == ids(events)
    assert broker.batch_sizes == [10, 10, 10]


async def test_what_was_claimed_before_an_outage_was_found_is_given_back(
    club: RelayFixture,
) -> None:
    """A batch claimed before the outage is released, without an attempt."""
    events = await club.commit(40)
    outbox = CountingOutbox(club.database, 3)
    broker = WaitingPublisher(outbox.reached, EventstreamUnavailable("away"))

    assert not await Relay(outbox, broker, batch_size=10).drain()

    assert broker.batch_sizes == [10, 10]
    waiting = await club.outbox.claim(100, Lease(0.0))
    assert [event.key.message_id for event in waiting] == ids(events)[10:]
    assert {event.attempts for event in waiting} == {0}
