"""In-memory adapters, builders, fixtures and contract suites for tests.

Load the fixtures ``bus``, ``uow``, ``transport`` and ``database`` with
``-p reading_club.testing``; a conftest may replace any of them.
"""

import pytest

pytest.register_assert_rewrite("reading_club.testing.contracts")

from reading_club.testing.builders import (  # noqa: E402  # after the assert rewriting
    a_book,
    a_review,
    a_reviewer,
    an_event,
    an_isbn,
)
from reading_club.testing.clock import ManualClock  # noqa: E402
from reading_club.testing.fixtures import bus, database, transport, uow  # noqa: E402
from reading_club.testing.heartbeats import InMemoryHeartbeats  # noqa: E402
from reading_club.testing.memory import MemoryDatabase  # noqa: E402
from reading_club.testing.outbox import (  # noqa: E402
    InMemoryOutbox,
    RelayedTransport,
)
from reading_club.testing.publisher import InMemoryPublisher  # noqa: E402
from reading_club.testing.transport import InMemoryEventstreamTransport  # noqa: E402
from reading_club.testing.uow import InMemoryMessageStore, InMemoryUnitOfWork  # noqa: E402

__all__ = [
    "InMemoryEventstreamTransport",
    "InMemoryHeartbeats",
    "InMemoryMessageStore",
    "InMemoryOutbox",
    "InMemoryPublisher",
    "InMemoryUnitOfWork",
    "ManualClock",
    "MemoryDatabase",
    "RelayedTransport",
    "a_book",
    "a_review",
    "a_reviewer",
    "an_event",
    "an_isbn",
    "bus",
    "database",
    "transport",
    "uow",
]
