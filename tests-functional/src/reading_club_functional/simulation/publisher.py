"""The simulated connections of senders, relays and reconcilers to the broker."""

from collections.abc import Sequence
from typing import Any

from reading_club.eventstream.errors import EventstreamUnavailable
from reading_club.eventstream.ports.outbox import OutboxMessage
from reading_club.eventstream.ports.publisher import PublishResult
from reading_club.eventstream.subscriber import Subscriber
from reading_club_functional.simulation.broker import SimulatedBroker
from reading_club_functional.simulation.waiting import block


class SimulatedPublisher:
    """The publisher of one process; it checks that an outage is probed by one event at a time."""

    def __init__(self, broker: SimulatedBroker) -> None:
        self._broker = broker
        self._outage_at: float | None = None

    def publish(self, events: Sequence[OutboxMessage]) -> PublishResult:
        """Send a batch, which takes time in both directions."""
        loop = self._broker.loop
        if self._outage_at is not None:
            self._broker.invariants.probed(len(events), loop.passed - self._outage_at)
        block(loop)
        published = self._broker.take(events)
        block(loop)
        self._outage_at = None if published.outage is None else loop.passed
        return published

    def close(self) -> None:
        """There is nothing to close."""


class SimulatedQueues:
    """The reconciler's view of the queues."""

    def __init__(self, broker: SimulatedBroker) -> None:
        self._broker = broker
        self.asked: set[str] = set()
        """The subscribers whose queue was asked for since this was emptied."""

    def declare(self, subscriber: Subscriber[Any, Any]) -> None:
        """Bind the queue. Raises EventstreamUnavailable."""
        self.asked.add(subscriber.name)
        self._require()
        self._broker.bound.add(subscriber.name)

    def is_empty(self, subscriber: str) -> bool:
        """Whether nothing waits. Raises EventstreamUnavailable."""
        self.asked.add(subscriber)
        self._require()
        return not self._broker.queues[subscriber]

    def _require(self) -> None:
        if self._broker.down:
            raise EventstreamUnavailable("the broker is away")
