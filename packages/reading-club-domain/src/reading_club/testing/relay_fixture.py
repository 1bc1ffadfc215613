"""Fixture for tests of the relay: in-memory outbox and broker, on a manual clock."""

from collections.abc import Sequence
from uuid import UUID

from reading_club.adapters.memory.club_database import InMemoryDatabase
from reading_club.adapters.memory.outbox import InMemoryOutbox
from reading_club.adapters.memory.publisher import InMemoryPublisher
from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.adapters.memory.unit_of_work import InMemoryUnitOfWork
from reading_club.domain.messages import BookRegistered
from reading_club.eventstream.outbox.backoff import Backoff
from reading_club.eventstream.outbox.circuit_breaker import CircuitBreaker
from reading_club.eventstream.outbox.relay import Relay
from reading_club.testing.builders import an_event
from reading_club.testing.clock import ManualClock
from reading_club.testing.recording_metrics import RecordingMetrics

POLL = 0.25
"""Seconds to the next poll of an empty outbox."""


class RelayFixture:
    """A database, a broker, and a relay whose pauses are 0.5, 1, 2, 4 and 5 seconds."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.database = InMemoryDatabase(self.clock.now)
        self.outbox = InMemoryOutbox(self.database)
        self.broker = InMemoryPublisher()
        self.metrics = RecordingMetrics()
        self.relay = self.another_relay()

    def another_relay(self, outbox: InMemoryOutbox | None = None) -> Relay:
        """Return a relay on the same outbox, with batches of ten."""
        backoff = Backoff(first=0.5, cap=5.0, jitter=lambda: 0.0)
        return Relay(
            outbox or self.outbox,
            self.broker,
            breaker=CircuitBreaker(backoff, self.clock.seconds, self.metrics),
            batch_size=10,
            poll=POLL,
            metrics=self.metrics,
        )

    async def commit(self, number: int) -> list[BookRegistered]:
        """Commit events whose lease has run out, so that the relay sends them."""
        events = [an_event() for _ in range(number)]
        async with InMemoryUnitOfWork(RecordingOutboxTransport(), self.database) as transaction:
            for event in events:
                await transaction.uow.messagestore.add(event)
            await transaction.commit()
        return events

    async def turns(self, number: int) -> list[float]:
        """Let the relay poll ``number`` times, and advance the clock by each pause it returns."""
        pauses = []
        for _ in range(number):
            pauses.append(await self.relay.run_once())
            self.clock.advance(pauses[-1])
        return pauses

    def sent(self) -> list[UUID]:
        """Return the ids of the confirmed events, in order."""
        return [event.key.message_id for event in self.broker.sent]


def ids(events: Sequence[BookRegistered]) -> list[UUID]:
    """Return the message ids of events."""
    return [event.message_id for event in events]
