"""Events that are stored with what caused them, and sent afterwards, however often that fails.

``sender`` sends what this process has just committed; ``relay`` sends what is left, whoever left
it. Both take their events from an ``Outbox`` and give them to an ``EventPublisher``.
"""

from reading_club.service.outbox.breaker import Breaker
from reading_club.service.outbox.port import (
    EVERYBODY,
    EventPublisher,
    Key,
    Lease,
    Outbox,
    OutboxEntries,
    OutboxTransport,
    Outgoing,
    Published,
)
from reading_club.service.outbox.relay import Relay
from reading_club.service.outbox.sender import Sender

__all__ = [
    "EVERYBODY",
    "Breaker",
    "EventPublisher",
    "Key",
    "Lease",
    "Outbox",
    "OutboxEntries",
    "OutboxTransport",
    "Outgoing",
    "Published",
    "Relay",
    "Sender",
]
