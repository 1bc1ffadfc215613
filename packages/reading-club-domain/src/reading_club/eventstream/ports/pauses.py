"""Ports of paused subscribers, and of the messages that workers returned without handling them."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Protocol

from reading_club.eventstream.ports.inbox import InboxKey


class Pauses(Protocol):
    """The paused subscribers: their workers consume nothing, and the reconciler re-sends nothing.

    A pause lasts until ``resume``, across all restarts.
    """

    async def pause(self, subscriber: str) -> bool:
        """Pause a subscriber as of now; return False if it is paused already, and since when stays.

        Any name is accepted: the caller checks that there is such a subscriber.
        """
        ...

    async def resume(self, subscriber: str) -> bool:
        """End the pause of a subscriber; return False if it is not paused."""
        ...

    async def list(self) -> Mapping[str, datetime]:
        """Return the paused subscribers by name, each with the start of its pause."""
        ...

    async def is_paused(self, subscriber: str) -> bool:
        """Whether the subscriber is paused, by one lookup of a primary key."""
        ...


class ReturnedMessages(Protocol):
    """Messages that a worker gave back to the broker before it began to handle them.

    A broker marks them as redelivered, like those of a worker that crashed. A row here tells that
    the message was given back: its redelivery is no sign of a crash.
    """

    async def add(self, inbox_keys: Collection[InboxKey]) -> None:
        """Insert rows, before the messages are rejected; existing ones stay."""

    async def take(self, inbox_keys: Collection[InboxKey]) -> Collection[InboxKey]:
        """Delete the rows of these messages; return the keys of those that there were.

        Of two transactions that take the same row, one gets it. Commit before the messages are
        handled: a crash after that is one to be suspected.
        """
        ...
