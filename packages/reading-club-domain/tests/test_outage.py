"""A broker that is unavailable for a day, on a manual clock."""

from collections.abc import MutableMapping, Sequence
from typing import Final
from uuid import UUID

from reading_club.adapters.memory.club_database import InMemoryDatabase
from reading_club.adapters.memory.outbox import InMemoryOutbox
from reading_club.adapters.memory.publisher import InMemoryPublisher
from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.adapters.memory.unit_of_work import InMemoryUnitOfWork
from reading_club.eventstream.errors import EventstreamUnavailable
from reading_club.eventstream.outbox.backoff import Backoff
from reading_club.eventstream.outbox.circuit_breaker import CircuitBreaker
from reading_club.eventstream.outbox.relay import Relay
from reading_club.eventstream.ports.outbox import OLDEST, Lease, OutboxMessage
from reading_club.testing.builders import an_event
from reading_club.testing.clock import ManualClock

DAY: Final = 86_400.0
EVENT_INTERVAL: Final = 300.0
"""Seconds between two events."""


class CountingOutbox(InMemoryOutbox):
    """An outbox that counts its claims."""

    claims = 0

    async def claim(
        self, limit: int, lease: Lease, *, since: UUID = OLDEST
    ) -> Sequence[OutboxMessage]:
        """Count, and claim."""
        self.claims += 1
        return await super().claim(limit, lease, since=since)


class OutageFixture:
    """A relay whose probes are 90 seconds apart at most, and an unavailable broker."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.database = InMemoryDatabase(self.clock.now)
        self.outbox = CountingOutbox(self.database)
        self.broker = InMemoryPublisher()
        self.broker.outage = EventstreamUnavailable("away")
        backoff = Backoff(first=0.5, cap=120.0, jitter=lambda: 0.5)
        breaker = CircuitBreaker(backoff, self.clock.seconds)
        self.relay = Relay(self.outbox, self.broker, breaker=breaker, batch_size=100)
        self.events: list[UUID] = []

    async def commit(self) -> None:
        """Commit an event."""
        async with InMemoryUnitOfWork(RecordingOutboxTransport(), self.database) as transaction:
            event = an_event()
            await transaction.uow.messagestore.add(event)
            await transaction.commit()
        self.events.append(event.message_id)

    async def pass_a_day(self) -> None:
        """Commit events all day, and let the relay poll after each pause it returns."""
        while self.clock.seconds() < DAY:
            while len(self.events) * EVENT_INTERVAL <= self.clock.seconds():
                await self.commit()
            self.clock.advance(await self.relay.run_once())


async def test_a_day_without_a_broker_costs_a_few_probes() -> None:
    """Only message store and outbox grow; there are no attempts and no dead letters.

    There are more claims than probes because a failed probe is delayed: an outbox without other
    rows is polled as often as an empty one.
    """
    club = OutageFixture()
    await club.pass_a_day()

    assert len(club.events) == DAY / EVENT_INTERVAL
    assert len(club.broker.batch_sizes) == 966
    assert club.outbox.claims == 1195
    assert set(club.broker.batch_sizes) == {1}
    assert {row.attempts for row in club.database.outbox.values()} == {0}
    filled = {
        name
        for name, table in vars(club.database).items()
        if isinstance(table, MutableMapping) and table
    }
    assert filled == {"messages", "contexts", "recorded", "outbox"}


async def test_after_a_day_without_a_broker_each_event_arrives_once() -> None:
    """Events are sent in order, and in batches of full size after the probe."""
    club = OutageFixture()
    await club.pass_a_day()
    club.broker.outage = None
    club.broker.batch_sizes.clear()
    club.clock.advance(120.0)

    assert await club.relay.drain()

    assert [event.key.message_id for event in club.broker.sent] == club.events
    assert club.broker.batch_sizes == [1, 100, 100, 87]
    assert club.database.outbox == {}
    assert club.database.dead_letters == {}
