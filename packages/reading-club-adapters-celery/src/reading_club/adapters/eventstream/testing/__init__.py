"""A fake Celery with its fixtures, an in-memory database for consumers, and contract suites.

Import the fixtures in the conftest that needs them; a ``transport`` imported there replaces the one
of ``reading_club.testing``.
"""

import pytest

pytest.register_assert_rewrite(
    "reading_club.adapters.eventstream.testing.batches",
    "reading_club.adapters.eventstream.testing.contract",
    "reading_club.adapters.eventstream.testing.publishing",
)

from reading_club.adapters.eventstream.testing.batches import (  # noqa: E402  # after rewriting
    BatchPublisherContract,
    BatchPublisherFixtures,
    Delivered,
)
from reading_club.adapters.eventstream.testing.club import (  # noqa: E402
    InMemoryClub,
    on_the_wire,
)
from reading_club.adapters.eventstream.testing.contract import (  # noqa: E402
    EventstreamTransportContract,
    Received,
)
from reading_club.adapters.eventstream.testing.fake import FakeCelery, SentTask  # noqa: E402
from reading_club.adapters.eventstream.testing.fixtures import (  # noqa: E402
    celery_app,
    celery_queue,
    transport,
)
from reading_club.adapters.eventstream.testing.publishing import (  # noqa: E402
    LISTENERS,
    Arrived,
    EventPublisherContract,
    a_listener,
    outgoing,
)

__all__ = [
    "LISTENERS",
    "Arrived",
    "BatchPublisherContract",
    "BatchPublisherFixtures",
    "Delivered",
    "EventPublisherContract",
    "EventstreamTransportContract",
    "FakeCelery",
    "InMemoryClub",
    "Received",
    "SentTask",
    "a_listener",
    "celery_app",
    "celery_queue",
    "on_the_wire",
    "outgoing",
    "transport",
]
