"""A transport for short processes without a connection to the broker."""

from collections.abc import Mapping
from typing import Any

from reading_club.eventstream.ports.outbox import Lease, OutboxTransport


class RelayOnlyTransport(OutboxTransport):
    """Sends no event: committed events stay in the outbox, where a relay claims them at once."""

    def __init__(self) -> None:
        self._lease = Lease(0.0)

    @property
    def lease(self) -> Lease:
        """The lease of new rows, which has run out."""
        return self._lease

    async def send_message_serialized(self, message: Mapping[str, Any]) -> None:
        """Leave the event to the relay."""
