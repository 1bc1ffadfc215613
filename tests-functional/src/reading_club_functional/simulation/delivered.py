"""What a simulated worker receives: a message of kombu, and what the world knows of it."""

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Any

from reading_club.adapters.eventstream.topology import ATTEMPTED
from reading_club.eventstream.ports.inbox import InboxKey
from reading_club_functional.simulation.broker import Copy
from reading_club_functional.simulation.stopping import Recording

if TYPE_CHECKING:
    from reading_club_functional.simulation.consumer import SimulatedConsumer


@dataclass
class Received:
    """A message that a worker may be handling."""

    inbox_key: InboxKey
    suspected: bool
    """Whether an attempt of it has begun and not ended, or was put off."""
    at: float
    """The virtual time at which the worker received it."""
    failed_at: float = inf
    """When its handler has first met an outage."""
    begun: bool = False
    """Whether its handler has begun, or that of another copy in the same worker."""
    runs: int = 0
    """How often the pool has got it: in a batch, and then alone."""


class Delivered:
    """A message of kombu, as far as the worker's code asks for it."""

    def __init__(self, copy: Copy, consumer: "SimulatedConsumer", tag: int) -> None:
        self.copy, self.tag = copy, tag
        self.consumer, self.connection = consumer, consumer.connection
        self.headers: dict[str, Any] = {ATTEMPTED: True} if copy.event.attempted else {}
        self.delivery_info = {"redelivered": copy.redelivered}
        self.payload = [[], {"message": dict(copy.event.envelope)}, {}]
        self.acknowledged = False
        self.recording: Recording | None = None
        """The latest call that records the message before it is given back."""

    def ack_log_error(self, *_: object) -> None:
        """Acknowledge on the connection that has delivered it, if that is open."""
        self.consumer.forget(self.tag)
        if self.consumer.connection == self.connection:
            self.acknowledged = True
            self.consumer.acknowledge(self)
