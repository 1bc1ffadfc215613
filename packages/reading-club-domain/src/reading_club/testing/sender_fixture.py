"""Fixture for tests of the sender: its thread, an in-memory outbox, and a broker that hangs."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from threading import Event, Thread
from typing import Self
from uuid import UUID

from reading_club.adapters.memory.club_database import InMemoryDatabase
from reading_club.adapters.memory.outbox import InMemoryOutbox
from reading_club.adapters.memory.publisher import InMemoryPublisher
from reading_club.adapters.memory.unit_of_work import InMemoryUnitOfWork
from reading_club.eventstream.outbox.backoff import Backoff
from reading_club.eventstream.outbox.circuit_breaker import CircuitBreaker
from reading_club.eventstream.outbox.relay import Relay
from reading_club.eventstream.outbox.sender import Sender
from reading_club.eventstream.ports.outbox import OutboxMessage, OutboxStore
from reading_club.eventstream.ports.publisher import PublishResult
from reading_club.testing.builders import an_event
from reading_club.testing.clock import ManualClock
from reading_club.testing.recording_metrics import RecordingMetrics

WAIT_TIMEOUT = 30.0
"""The timeout of each wait, in seconds."""


class HangingBroker(InMemoryPublisher):
    """A broker that hangs while ``gate`` is not set, and sets ``reached`` at each batch."""

    def __init__(self) -> None:
        super().__init__()
        self.gate, self.reached = Event(), Event()
        self.gate.set()
        self.error: Exception | None = None

    def publish(self, events: Sequence[OutboxMessage]) -> PublishResult:
        """Take the batch when ``gate`` is set; raise ``error`` once."""
        self.reached.set()
        self.gate.wait(WAIT_TIMEOUT)
        if self.error is not None:
            error, self.error = self.error, None
            raise error
        return super().publish(events)


class SenderFixture:
    """A database, a broker, and a sender with a queue of ten events."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.database = InMemoryDatabase(self.clock.now)
        self.broker = HangingBroker()
        self.broken = False
        self.metrics = RecordingMetrics()
        self.sender = self.a_sender()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.broker.gate.set()
        self.sender.close()
        thread = self.sender._thread
        assert thread is None or not thread.is_alive()

    def a_sender(self, lease: float = 60.0) -> Sender:
        """Return a sender whose breaker, once open, stays open for the test."""
        sender = Sender(self.open, self.connect, lease=lease, capacity=10, metrics=self.metrics)
        self.set_breaker(sender, 3600.0)
        return sender

    def connect(self) -> HangingBroker:
        """Return the broker. Raises RuntimeError if ``broken``."""
        if self.broken:
            raise RuntimeError("no broker is configured")
        return self.broker

    def set_breaker(self, sender: Sender, pause: float) -> None:
        """Replace the breaker by one that stays open for ``pause`` seconds after an outage."""
        backoff = Backoff(first=pause, cap=pause, jitter=lambda: 0.0)
        sender._breaker = sender._report.breaker = CircuitBreaker(backoff, metrics=self.metrics)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[OutboxStore]:
        """Open the outbox, on the sender's event loop."""
        yield InMemoryOutbox(self.database)

    async def commit(self, number: int = 1) -> list[UUID]:
        """Commit events, each in a transaction of its own."""
        events = [an_event() for _ in range(number)]
        for event in events:
            async with InMemoryUnitOfWork(self.sender, self.database) as transaction:
                await transaction.uow.messagestore.add(event)
                await transaction.commit()
        return [event.message_id for event in events]

    async def relay(self) -> None:
        """Let the leases run out, and a relay send the remaining events."""
        self.clock.advance(61.0)
        assert await Relay(InMemoryOutbox(self.database), self.broker).drain()

    @property
    def queued(self) -> int:
        """How many events are queued for the thread."""
        return self.sender._queue.qsize()

    @property
    def thread(self) -> Thread:
        """The thread of the sender."""
        thread = self.sender._thread
        assert thread is not None
        return thread

    def sent(self) -> list[UUID]:
        """Return the ids of the confirmed events, in order."""
        return [event.key.message_id for event in self.broker.sent]
