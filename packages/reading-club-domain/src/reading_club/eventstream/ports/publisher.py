"""The port of the publisher: it sends batches of events to the broker."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from reading_club.eventstream.ports.outbox import OutboxKey, OutboxMessage


@dataclass(frozen=True)
class PublishResult:
    """The result of a batch. An event without a result may or may not have arrived."""

    confirmed: Collection[OutboxKey] = ()
    """Events that the broker has put on a queue, or that have no subscriber, unless the publisher
    keeps those: then they are refused."""
    failed: Mapping[OutboxKey, str] = field(default_factory=dict)
    """Events refused because of the event itself, with the reason: too large, for example."""
    outage: Exception | None = None
    """Why the batch ended early: the broker is unavailable, slow or full. No attempt counts."""
    refused: Mapping[OutboxKey, str] = field(default_factory=dict)
    """Events refused by a queue, with the reason: it is full, or not there. No attempt counts.

    Other queues may have taken a copy of an event for all subscribers.
    """
    reason: str = ""
    """The outage in words for people, without addresses, users and passwords."""


class EventPublisher(Protocol):
    """Sends batches of events. One thread uses a publisher at a time."""

    def publish(self, events: Sequence[OutboxMessage]) -> PublishResult:
        """Send the events in order; block until each has a result, up to a timeout.

        An event for one subscriber goes to that subscriber's queue alone. Failures of the broker
        or of an event are returned, not raised.
        """
        ...

    def close(self) -> None:
        """Close the connections; the next batch connects again."""
