"""The inbox: what a subscriber has handled, and how often it has tried."""

from collections.abc import Collection
from math import inf
from typing import NamedTuple, Protocol
from uuid import UUID


class Receipt(NamedTuple):
    """Says that a message has reached a subscriber."""

    subscriber: str
    message_id: UUID


class Attempts(NamedTuple):
    """What is on record of the attempts to handle a message."""

    number: int = 0
    """How many were counted."""
    age: float = inf
    """Seconds since the last one was counted or held up, by the database's clock."""


class Inbox(Protocol):
    """The receipts of all subscribers."""

    async def receive(self, receipt: Receipt) -> bool:
        """Note, first of all, that the message takes effect in this transaction.

        Returns False if it has taken effect already. If another transaction is about to
        decide that, this one waits for it.
        """
        ...

    async def receive_all(self, receipts: Collection[Receipt]) -> Collection[Receipt]:
        """Do the same for many messages at once, and return those that take effect now."""
        ...

    async def count_attempt(self, receipt: Receipt, *, apart: float = 0.0) -> int:
        """Count one more attempt to handle the message, and return how many there were.

        Attempts that are not so many seconds apart are one: copies of a message that arrive
        together, after an outage, do not use up its attempts.
        """
        ...

    async def attempts(self, receipt: Receipt) -> Attempts:
        """Return what is on record of the attempts, for a transaction that will write to it."""
        ...

    async def take_back_attempt(self, receipt: Receipt) -> None:
        """Count one attempt less, if any was counted: an outage ended it, or a stop."""

    async def count_stall(self, receipt: Receipt) -> int:
        """Note that a transient failure has held the message up; return how often it alone was.

        A stall is counted if the subscriber has received another message since the last one: a
        first stall is never counted, nor is an outage that concerns all messages.
        """
        ...

    async def forget_attempts(self, receipt: Receipt) -> None:
        """Begin to count from zero again, attempts and stalls."""


class Receipts(Protocol):
    """Who subscribed to what, and whether it arrived."""

    async def subscribe(self, subscriber: str, types: Collection[str]) -> None:
        """Note that the subscriber hears these types from now on; what is known stays."""

    async def resend_missing(
        self, subscriber: str, *, idle: bool, after: float, horizon: float, limit: int
    ) -> int:
        """Put events that a subscriber misses into the outbox, for that subscriber alone.

        Missing is what was published since it subscribed, and has neither a receipt nor a dead
        letter ``after`` seconds later, nor waits in the outbox. Unless the subscriber is
        ``idle``, which says that nothing waits in its queue, that may just be late: then only
        those are missing that were overtaken, by as many seconds. An event that was sent again
        is missing after twice the time, and so on. Nothing older than ``horizon`` counts.
        Returns how many there were, ``limit`` at most.
        """
        ...
