"""The port of the statistics: how many events wait, and how far each subscriber has come."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class BlockedQueue:
    """Events in the outbox whose queue refuses them, for one subscriber and reason."""

    subscriber: str
    reason: str
    events: int


@dataclass(frozen=True)
class Backlog:
    """The age of the outbox, and the queues that refuse events."""

    oldest_seconds: float | None = None
    """Age of the oldest row that is not deferred; None without any."""
    blocked: Sequence[BlockedQueue] = ()


@dataclass(frozen=True)
class SubscriberProgress:
    """The published, handled, missing and dead-lettered events of one subscriber."""

    name: str
    published: int
    handled: int
    lag: int
    """Events that the subscriber has yet to receive: see ``Statistics.progress``."""
    lag_seconds: float | None
    """Age of the oldest event in ``lag``, None without any."""
    dead_letters: int


class Statistics(Protocol):
    """Counts and ages, in seconds by the database's clock. Each method is a query of its own.

    Raises StorageUnavailable, and StorageBusy instead of waiting for a locked table.
    """

    async def pending(self) -> int:
        """Return the number of rows in the outbox."""
        ...

    async def backlog(self) -> Backlog:
        """Return the age of the outbox and its blocked queues, at a cost that has a limit.

        A row for all subscribers waits since it was added. A row for one subscriber waits since
        the end of its deferral, and has no age before that.
        """
        ...

    async def progress(self, subscriber: str, types: Collection[str]) -> SubscriberProgress:
        """Return the progress of a subscriber, which handles events of these types.

        ``lag`` counts the events that were published since the subscription and within the
        reconciler's horizon, and have neither an inbox row nor a dead letter of the subscriber or
        of the relay. Once such an event is old enough and no outbox row is left of it, the
        reconciler calls it missing: ``Subscriptions.requeue_missing`` has the same rule.
        """
        ...
