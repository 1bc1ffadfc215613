"""The transactional outbox: events are stored with their cause, and published afterwards.

``sender`` publishes events that this process has just committed; ``relay`` publishes all others,
once their lease has run out. Both send by an ``EventPublisher`` and update an ``Outbox``.
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
