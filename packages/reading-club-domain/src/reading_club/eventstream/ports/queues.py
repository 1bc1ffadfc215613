"""The port to inspect the subscribers' queues, and their state."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Protocol

from reading_club.eventstream.subscriber import Subscriber


@dataclass(frozen=True)
class QueueState:
    """The queue of a subscriber on the broker."""

    name: str
    exists: bool
    messages: int = 0
    """The number of waiting messages, without those that a worker has."""
    consumers: int | None = None
    """None if the broker does not tell."""
    missing_bindings: Collection[str] | None = None
    """Types of the subscriber that are not routed to the queue; None if the broker does not tell,
    as RabbitMQ: there the processes bind again within a minute."""
    refusal: str = ""
    """Why the broker refuses the declaration, for example because of other arguments."""


class InspectQueues(Protocol):
    """The subscribers' queues on the broker. Its method blocks, up to a timeout."""

    def inspect(self, subscriber: Subscriber[Any, Any]) -> QueueState:
        """Return the state of the queue. A queue that does not exist is not made.

        Raises EventstreamUnavailable.
        """
        ...
