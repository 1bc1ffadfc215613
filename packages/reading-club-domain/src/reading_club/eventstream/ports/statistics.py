"""The port of the statistics: how many events wait, and how far each subscriber has come."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from reading_club.eventstream.ports.projections import Rebuilding


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
    """Events of its types in the history, also those from before its subscription."""
    handled: int
    """Its inbox rows that are kept: events that took effect, or were discarded."""
    lag: int
    """Events that the subscriber has yet to receive: see ``Statistics.progress``."""
    lag_seconds: float | None
    """Age of the oldest event in ``lag``, None without any."""
    dead_letters: int
    """Its dead letters, also parked ones."""
    paused_since: datetime | None = None
    """The start of its pause, None unless it is paused: then its lag is no failure."""


@dataclass(frozen=True)
class OutsideProgress:
    """The published and waiting events of a subscriber outside, which reports no receipts."""

    name: str
    published: int
    """Events of its types since it was added."""
    waiting: int
    """Those, and events of a replay, that wait in the outbox: the others are on its queue, or were
    taken from there."""
    dead_letters: int
    replaying: bool
    """Whether a replay is unfinished."""


@dataclass(frozen=True)
class SubscriberState:
    """What a subscriber has yet to receive, and its dead letters and pause."""

    name: str
    lag: int
    """As in ``SubscriberProgress``, and so is the next one."""
    lag_seconds: float | None
    dead_letters: int
    paused_since: datetime | None
    """None if the subscriber is not paused."""


@dataclass(frozen=True)
class StreamState:
    """The state of a stream at one moment, for metrics."""

    backlog: Backlog
    subscribers: Sequence[SubscriberState]


@dataclass(frozen=True)
class PerMinute:
    """Numbers of events in each of the last minutes, the oldest minute first."""

    until: datetime
    """The end of the last minute, by the database's clock."""
    published: Sequence[int]
    handled: Mapping[str, Sequence[int]] = field(default_factory=dict)
    """The kept inbox rows of each subscriber; who has none in these minutes is not in it."""


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

    async def paused(self) -> Mapping[str, datetime]:
        """Return the paused subscribers, each with the start of its pause: see ``Pauses``."""
        ...

    async def rebuilds(self) -> Sequence[Rebuilding]:
        """Return the unfinished rebuilds of projections, by name."""
        ...

    async def outside(self) -> Sequence[OutsideProgress]:
        """Return the progress of each subscriber outside, by name."""
        ...

    async def state(self, subscribers: Collection[str]) -> StreamState:
        """Return the backlog, and the state of these subscribers in their order, by two queries.

        No query counts the history: the lag is that of ``progress``, within the reconciler's
        horizon. Waits for a locked table: the caller sets a timeout.
        """
        ...

    async def per_minute(self, types: Collection[str], *, minutes: int = 60) -> PerMinute:
        """Return how many events of these types were published, and how many took effect.

        Reads only the rows of these minutes.
        """
        ...
