"""In-memory adapters with real transactions.

What is exported here is the event stream's, and knows no club.
"""

from reading_club.adapters.memory.database import InMemoryStreamDatabase, InMemoryTransaction
from reading_club.adapters.memory.outbox import InMemoryOutbox
from reading_club.adapters.memory.publisher import InMemoryPublisher
from reading_club.adapters.memory.stream_unit_of_work import InMemoryStreamUnitOfWork
from reading_club.adapters.memory.transport import (
    InMemoryEventstreamTransport,
    RecordingOutboxTransport,
)

__all__ = [
    "InMemoryEventstreamTransport",
    "InMemoryOutbox",
    "InMemoryPublisher",
    "InMemoryStreamDatabase",
    "InMemoryStreamUnitOfWork",
    "InMemoryTransaction",
    "RecordingOutboxTransport",
]
