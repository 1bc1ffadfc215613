"""In-memory event stream."""

from collections.abc import Mapping
from typing import Any

from messagebus import AsyncAbstractEventstreamTransport

from reading_club.eventstream.context import MessageContext
from reading_club.eventstream.ports.outbox import Lease, OutboxTransport


class InMemoryEventstreamTransport(AsyncAbstractEventstreamTransport):
    """Keeps published messages in ``events``, in order.

    Set ``error`` to simulate an outage: every publication raises it.
    """

    def __init__(self) -> None:
        self.events: list[Mapping[str, Any]] = []
        self.error: Exception | None = None

    async def send_message_serialized(self, message: Mapping[str, Any]) -> None:
        """Append the message. Raises ``error`` if it is set."""
        if self.error is not None:
            raise self.error
        self.events.append(message)


class RecordingOutboxTransport(OutboxTransport):
    """A transport that records the committed events and sends none: the relay sends them."""

    def __init__(self, lease: Lease | None = None) -> None:
        self._lease = lease or Lease(0.0)
        self.handed_over: list[Mapping[str, Any]] = []
        self.contexts: list[MessageContext] = []

    @property
    def lease(self) -> Lease:
        """The lease of new rows; the default has run out at once."""
        return self._lease

    async def send_message_serialized(self, message: Mapping[str, Any]) -> None:
        """Record the message in ``handed_over``."""
        self.handed_over.append(message)

    async def send_in_context(self, message: Mapping[str, Any], context: MessageContext) -> None:
        """Record the message in ``handed_over``, and its context in ``contexts``."""
        self.contexts.append(context)
        await self.send_message_serialized(message)
