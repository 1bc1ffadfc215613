"""An event stream that is a list."""

from collections.abc import Mapping
from typing import Any

from messagebus import AsyncAbstractEventstreamTransport


class InMemoryEventstreamTransport(AsyncAbstractEventstreamTransport):
    """Keeps what was published in ``events``, in order.

    Set ``error`` to have every publication raise it: a broker that is away.
    """

    def __init__(self) -> None:
        self.events: list[Mapping[str, Any]] = []
        self.error: Exception | None = None

    async def send_message_serialized(self, message: Mapping[str, Any]) -> None:
        """Append the message. Raises ``error`` if it is set."""
        if self.error is not None:
            raise self.error
        self.events.append(message)
