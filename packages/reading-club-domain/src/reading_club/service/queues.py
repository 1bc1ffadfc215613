"""The port to the subscribers' queues."""

from typing import Protocol

from reading_club.service.subscriber import Subscriber


class Queues(Protocol):
    """The queues of the subscribers, on the broker."""

    def declare(self, subscriber: Subscriber) -> None:
        """Make the subscriber's queue and its bindings, as far as they are not there.

        Blocks, within a bound. Raises QueueRefused, which concerns this subscriber alone, and
        EventstreamUnavailable.
        """
        ...

    def is_empty(self, subscriber: str) -> bool:
        """Whether no message waits in the subscriber's queue, or the queue is not there.

        Blocks, within a bound. Raises EventstreamUnavailable.
        """
        ...
