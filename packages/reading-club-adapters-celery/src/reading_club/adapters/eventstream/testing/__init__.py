"""A fake Celery with its fixtures, an in-memory database for consumers, and contract suites.

Import the fixtures in the conftest that needs them; a ``transport`` imported there replaces the one
of ``reading_club.testing``.
"""

import pytest

pytest.register_assert_rewrite(
    "reading_club.adapters.eventstream.testing.batch_publisher",
    "reading_club.adapters.eventstream.testing.transport",
    "reading_club.adapters.eventstream.testing.publisher",
)

from reading_club.adapters.eventstream.testing.batch_publisher import (
    BatchPublisherContract,
    BatchPublisherFixtures,
    Delivered,
)
from reading_club.adapters.eventstream.testing.consumer_fixture import ConsumerFixture, on_the_wire
from reading_club.adapters.eventstream.testing.fake import FakeCelery, SentTask
from reading_club.adapters.eventstream.testing.fixtures import (
    celery_app,
    celery_queue,
    transport,
)
from reading_club.adapters.eventstream.testing.publisher import (
    LISTENERS,
    Arrived,
    EventPublisherContract,
    a_listener,
    outgoing,
)
from reading_club.adapters.eventstream.testing.transport import (
    EventstreamTransportContract,
    Received,
)

__all__ = [
    "LISTENERS",
    "Arrived",
    "BatchPublisherContract",
    "BatchPublisherFixtures",
    "ConsumerFixture",
    "Delivered",
    "EventPublisherContract",
    "EventstreamTransportContract",
    "FakeCelery",
    "Received",
    "SentTask",
    "a_listener",
    "celery_app",
    "celery_queue",
    "on_the_wire",
    "outgoing",
    "transport",
]
