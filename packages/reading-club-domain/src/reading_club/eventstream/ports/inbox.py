"""The port of the inbox: its rows, and counts of attempts."""

from collections.abc import Collection
from datetime import datetime
from math import inf
from typing import Final, NamedTuple, Protocol
from uuid import UUID

ATTEMPTS: Final = 5
"""Default number of attempts before a failing message becomes a dead letter."""


class InboxKey(NamedTuple):
    """The key of an inbox row: a subscriber and a message."""

    subscriber: str
    message_id: UUID


class Attempts(NamedTuple):
    """The count of attempts to handle a message, and its age."""

    number: int = 0
    """How many attempts were counted."""
    age: float = inf
    """Seconds since the last counted attempt or stall, by the database's clock."""
    at: datetime | None = None
    """When the last attempt or stall was counted, by the database's clock; None without any."""
    counted: bool = False
    """Whether the call that returns this has counted an attempt."""

    def is_same(self, other: "Attempts") -> bool:
        """Whether nothing was counted or taken back in between."""
        return (self.number, self.at) == (other.number, other.at)


class Inbox(Protocol):
    """The inbox rows and attempt counts of all subscribers."""

    async def insert_new(self, inbox_key: InboxKey) -> bool:
        """Insert the inbox row, as the first statement of the transaction that handles the message.

        Returns False if the row exists: the message was handled already. If another transaction
        has inserted the row and not ended, the call waits for the end of that transaction.
        """
        ...

    async def insert_new_many(self, inbox_keys: Collection[InboxKey]) -> Collection[InboxKey]:
        """Insert many inbox rows at once; return the keys of the new ones."""
        ...

    async def count_attempt(self, inbox_key: InboxKey, *, min_interval: float = 0.0) -> Attempts:
        """Count an attempt to handle the message; return the attempts so far.

        Attempts less than ``min_interval`` seconds after the last attempt or stall count as the
        same one, which is not ``counted``: copies of a message that arrive together, after an
        outage, use up one attempt.
        """
        ...

    async def attempts(self, inbox_key: InboxKey) -> Attempts:
        """Return the attempts so far; opens a write transaction, as a write may follow."""
        ...

    async def take_back_attempt(self, inbox_key: InboxKey) -> Attempts:
        """Subtract one attempt, which an outage or a shutdown has ended; return those left.

        Without any attempt nothing changes, and none are returned.
        """
        ...

    async def count_stall(self, inbox_key: InboxKey, *, within: float) -> int:
        """Record that a transient failure stalled the message; return how many stalls count.

        A stall counts if the subscriber has received another message in the last ``within``
        seconds. During an outage that stalls all messages, none counts.
        """
        ...

    async def forget_attempts(self, inbox_key: InboxKey) -> None:
        """Reset attempts and stalls to zero."""
