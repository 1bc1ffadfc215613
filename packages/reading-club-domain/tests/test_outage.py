"""A broker that is away for a day, on a clock that runs faster."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from reading_club.service.backoff import Backoff
from reading_club.service.errors import EventstreamUnavailable
from reading_club.service.outbox import Breaker, Lease, Outgoing, Relay
from reading_club.testing import (
    InMemoryOutbox,
    InMemoryPublisher,
    InMemoryUnitOfWork,
    ManualClock,
    MemoryDatabase,
    RelayedTransport,
    an_event,
)
from reading_club.testing.memory import TABLES

DAY: Final = 86_400.0
EVERY: Final = 300.0
"""Seconds between two events."""


class CountingOutbox(InMemoryOutbox):
    """An outbox that counts how often it is asked."""

    claims = 0

    async def claim(self, limit: int, lease: Lease) -> Sequence[Outgoing]:
        """Count, and claim."""
        self.claims += 1
        return await super().claim(limit, lease)


class Club:
    """A relay whose probes are 90 seconds apart at most, and a broker that is away."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.database = MemoryDatabase(self.clock.now)
        self.outbox = CountingOutbox(self.database)
        self.broker = InMemoryPublisher()
        self.broker.outage = EventstreamUnavailable("away")
        backoff = Backoff(first=0.5, cap=120.0, jitter=lambda: 0.5)
        breaker = Breaker(backoff, self.clock.seconds)
        self.relay = Relay(self.outbox, self.broker, breaker=breaker, window=100)
        self.events: list[UUID] = []

    async def commit(self) -> None:
        """Commit an event."""
        async with InMemoryUnitOfWork(RelayedTransport(), self.database) as transaction:
            event = an_event()
            await transaction.uow.messagestore.add(event)
            await transaction.commit()
        self.events.append(event.message_id)

    async def pass_a_day(self) -> None:
        """Let events happen all day, and the relay turn whenever it wants to."""
        while self.clock.seconds() < DAY:
            while len(self.events) * EVERY <= self.clock.seconds():
                await self.commit()
            self.clock.advance(await self.relay.turn())


async def test_a_day_without_a_broker_costs_a_few_probes() -> None:
    """Nothing is counted, nothing is set aside, and nothing grows but what waits.

    There are more claims than probes because a probe that fails is kept back: an outbox that
    holds nothing else is asked as often as an empty one.
    """
    club = Club()
    await club.pass_a_day()

    assert len(club.events) == DAY / EVERY
    assert len(club.broker.windows) == 966
    assert club.outbox.claims == 1195
    assert set(club.broker.windows) == {1}
    assert {row.attempts for row in club.database.outbox.values()} == {0}
    filled = {name for name in TABLES if getattr(club.database, name)}
    assert filled == {"messages", "recorded", "outbox"}


async def test_after_a_day_without_a_broker_each_event_arrives_once() -> None:
    """In its order, and in windows that are as large as ever."""
    club = Club()
    await club.pass_a_day()
    club.broker.outage = None
    club.broker.windows.clear()
    club.clock.advance(120.0)

    assert await club.relay.drain()

    assert [event.key.message_id for event in club.broker.sent] == club.events
    assert club.broker.windows == [1, 100, 100, 87]
    assert club.database.outbox == {}
    assert club.database.dead_letters == {}
