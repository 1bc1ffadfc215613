"""The ports of the outbox: its two sides, and the transport that leases its rows."""

from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, Protocol
from uuid import UUID, uuid4

from messagebus import AsyncAbstractEventstreamTransport

from reading_club.eventstream.context import NO_CONTEXT, MessageContext

ALL_SUBSCRIBERS: Final = ""
"""The ``subscriber`` of an event for all subscribers of its type."""


NO_LEASE: Final = UUID(int=0)
"""The nil token, of rows without a lease."""


OLDEST: Final = UUID(int=0)
"""No message has a smaller id."""


class OutboxKey(NamedTuple):
    """The key of an outbox row: a message and its subscriber."""

    message_id: UUID
    subscriber: str = ALL_SUBSCRIBERS


@dataclass(frozen=True)
class OutboxMessage:
    """An outbox row to be sent, with the envelope on the wire."""

    key: OutboxKey
    envelope: Mapping[str, Any]
    attempts: int = 0
    """How many attempts failed because of the event itself."""
    age: float = 0.0
    """Seconds since the row was inserted, by the database's clock; 0 if that is unknown."""
    attempted: bool = False
    """Whether handling was begun before: the worker then handles the event alone and counts it."""
    context: MessageContext = NO_CONTEXT
    """The context of the message in the history, which travels in headers."""


@dataclass(frozen=True)
class Lease:
    """The right to send rows for ``seconds`` of the database's clock, proved by a random token."""

    seconds: float
    token: UUID = field(default_factory=uuid4)


class OutboxStore(Protocol):
    """The outbox as relay and sender use it. Every method is a transaction of its own.

    A leased row bears the token of its lease. When the lease has run out by the database's clock,
    another claim may take the row. The other methods change only rows that bear the given token.
    Raises StorageUnavailable.
    """

    async def claim(
        self, limit: int, lease: Lease, *, since: UUID = OLDEST
    ) -> Sequence[OutboxMessage]:
        """Lease up to ``limit`` rows whose lease has run out, the oldest messages first.

        Rows that another claim has locked at this moment are skipped, and so are those of messages
        with a smaller id than ``since``.
        """
        ...

    async def delete(self, token: UUID, keys: Collection[OutboxKey]) -> None:
        """Delete rows whose events the broker has confirmed."""

    async def release(
        self,
        token: UUID,
        keys: Collection[OutboxKey],
        *,
        retry_in: float = 0.0,
        reason: str | None = None,
    ) -> None:
        """Give back rows that were not sent, without counting an attempt.

        The rows can be claimed after ``retry_in`` seconds, so that others come first. ``reason``
        is stored in the rows for operators.
        """

    async def split(
        self, token: UUID, keys: Collection[OutboxKey], *, retry_in: float = 0.0
    ) -> None:
        """Replace rows for all subscribers by one for each subscriber of the message's type.

        The new rows have the same envelope and can be claimed at once; an existing row stays. A
        row whose type has no subscriber can be claimed after ``retry_in`` seconds.
        """

    async def fail(
        self, token: UUID, failures: Mapping[OutboxKey, str], *, retry_in: float
    ) -> None:
        """Count a failed attempt for each row; they can be claimed after ``retry_in`` seconds."""

    async def dead_letter(self, token: UUID, failures: Mapping[OutboxKey, str]) -> None:
        """Replace rows that were refused too often by dead letters; see ``dead_letters.RELAY``."""


class OutboxWriter(Protocol):
    """The outbox as a unit of work writes to it."""

    async def add(self, key: OutboxKey, envelope: Mapping[str, Any] | None = None) -> None:
        """Insert a row that the relay can send after the commit; an existing row stays.

        Without an envelope, the message with this id in the message store is sent.
        """

    async def defer(
        self, key: OutboxKey, envelope: Mapping[str, Any], *, pause: float, reason: str
    ) -> None:
        """Let the relay send a delivered event to its one subscriber again, in ``pause`` seconds.

        The event is marked as attempted. An existing row is replaced, even while it is leased: the
        holder of that lease does not delete the new row. Nothing is written if the event has an
        inbox row or a dead letter by now. ``reason`` is stored in the row for operators.
        """


class OutboxTransport(AsyncAbstractEventstreamTransport):
    """An event stream for units of work that store their events in the outbox.

    The unit of work inserts a row for each published event in its transaction, already leased
    with ``lease``, and passes the events to the transport after the commit.
    """

    @property
    @abstractmethod
    def lease(self) -> Lease:
        """The lease of new rows. Each process has a token of its own."""

    async def send_in_context(
        self,
        message: Mapping[str, Any],
        context: MessageContext,  # noqa: ARG002  # used where it is overridden
    ) -> None:
        """Send a serialized message, by default without its context."""
        await self.send_message_serialized(message)
