"""The port to the subscribers' queues."""

from typing import Any, Protocol

from reading_club.eventstream.subscriber import Subscriber


class QueueInspector(Protocol):
    """The queues of the subscribers, on the broker."""

    def declare(self, subscriber: Subscriber[Any]) -> None:
        """Declare the subscriber's queue and its bindings, if they do not exist.

        Blocks, up to a timeout. Raises QueueRefused for this queue, and EventstreamUnavailable.
        """
        ...

    def is_empty(self, subscriber: str) -> bool:
        """Whether the subscriber's queue has no waiting message or does not exist.

        Blocks, up to a timeout. Raises EventstreamUnavailable.
        """
        ...
