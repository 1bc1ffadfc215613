"""The ports of the outbox: where events wait, and what sends them."""

from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, Protocol
from uuid import UUID, uuid4

from messagebus import AsyncAbstractEventstreamTransport

EVERYBODY: Final = ""
"""The subscriber of an event that goes to all who hear its type."""


class Key(NamedTuple):
    """What an outbox row points to: a message, and whom it is for."""

    message_id: UUID
    subscriber: str = EVERYBODY


@dataclass(frozen=True)
class Outgoing:
    """An event that waits, as it is written on the wire."""

    key: Key
    envelope: Mapping[str, Any]
    attempts: int = 0
    """How often it was refused for reasons of its own."""
    age: float = 0.0
    """Seconds since it was put into the outbox, by the database's clock; 0 if that is unknown."""
    attempted: bool = False
    """Whether its handling was begun before: its subscriber handles it alone, and counts that."""


@dataclass(frozen=True)
class Lease:
    """The right to send rows for a while, by the database's clock: a random token, no name."""

    seconds: float
    token: UUID = field(default_factory=uuid4)


@dataclass(frozen=True)
class Published:
    """What became of a window. An event that is in none of them may or may not have arrived."""

    confirmed: Collection[Key] = ()
    """The broker has put them on a queue, or nobody wants them."""
    failed: Mapping[Key, str] = field(default_factory=dict)
    """These were refused for reasons of their own, which are told; the others are not affected."""
    outage: Exception | None = None
    """Why the window ended early: the broker is away, slow or full. Nobody's fault."""
    refused: Mapping[Key, str] = field(default_factory=dict)
    """The broker is there, and a queue does not take these: it is full, say. No fault of theirs.

    Other queues may have taken an event for everybody all the same.
    """
    reason: str = ""
    """The outage in words for people, without addresses, users and passwords."""


class EventPublisher(Protocol):
    """Sends windows of events. One thread uses it at a time."""

    def publish(self, events: Sequence[Outgoing]) -> Published:
        """Send the events in their order; block until each is decided, within a bound.

        An event for one subscriber goes to that subscriber's queue alone. Raises nothing that
        concerns the broker or an event.
        """
        ...

    def close(self) -> None:
        """Give up what is connected; the next window connects anew."""


class Outbox(Protocol):
    """The events that wait to be sent. Every method is a transaction of its own.

    A row that is leased belongs to whoever knows the token, until the lease has run out by the
    database's clock and somebody else has claimed it. Every finishing method leaves rows alone
    that bear another token by then. Raises StorageUnavailable.
    """

    async def claim(self, limit: int, lease: Lease) -> Sequence[Outgoing]:
        """Lease up to so many rows whose lease has run out, the oldest messages first.

        Rows that another claim is taking at this moment are passed over.
        """
        ...

    async def delete(self, token: UUID, keys: Collection[Key]) -> None:
        """Forget rows whose events the broker has confirmed."""

    async def release(
        self,
        token: UUID,
        keys: Collection[Key],
        *,
        retry_in: float = 0.0,
        reason: str | None = None,
    ) -> None:
        """Give rows back that were not sent, for no fault of theirs: nothing is counted.

        They are kept back for so many seconds, so that others come first. A reason is noted in
        the rows for people to see.
        """

    async def split(self, token: UUID, keys: Collection[Key], *, retry_in: float = 0.0) -> None:
        """Replace rows for everybody by one for each subscriber that hears the message's type.

        The new rows have the same envelope and can be claimed at once; one that waits already
        stays. A row whose type has no subscriber is kept back for ``retry_in`` seconds.
        """

    async def fail(self, token: UUID, failures: Mapping[Key, str], *, retry_in: float) -> None:
        """Count an attempt for each of these rows, and keep them back for so many seconds."""

    async def bury(self, token: UUID, failures: Mapping[Key, str]) -> None:
        """Make dead letters of rows that were refused too often; see ``dead_letters.RELAY``."""


class OutboxEntries(Protocol):
    """The outbox as a transaction writes to it."""

    async def add(self, key: Key, envelope: Mapping[str, Any] | None = None) -> None:
        """Let the relay send an event at once after the commit; one that waits already stays.

        Without an envelope it is the message that the history has under this id.
        """

    async def defer(
        self, key: Key, envelope: Mapping[str, Any], *, pause: float, reason: str
    ) -> None:
        """Let the relay send a delivered event to its one subscriber again, in so many seconds.

        It is sent as one that was attempted. A row that is there is replaced, also while it is
        being sent: who sends it does not delete the new one. Nothing is written if the event has
        a receipt or is a dead letter by now. ``reason`` says what the event waits for.
        """


class OutboxTransport(AsyncAbstractEventstreamTransport):
    """An event stream for units of work that store their events in the outbox.

    The unit of work inserts a row for each published event in its transaction, already leased
    with ``lease``, and hands the events over after the commit.
    """

    @property
    @abstractmethod
    def lease(self) -> Lease:
        """The lease that new rows are inserted with. It differs between processes."""
