"""In-memory event stream."""

from collections.abc import Mapping
from typing import Any

from messagebus import AsyncAbstractEventstreamTransport


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
