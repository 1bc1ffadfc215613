"""A fake Celery with its fixtures, an in-memory database for consumers, and contract suites.

Import the fixtures in the conftest that needs them; a ``transport`` imported there replaces the one
of ``reading_club.testing``.
"""

import pytest

pytest.register_assert_rewrite(
    "reading_club.adapters.eventstream.testing.batch_publisher",
    "reading_club.adapters.eventstream.testing.kept_events",
    "reading_club.adapters.eventstream.testing.published_versions",
    "reading_club.adapters.eventstream.testing.transport",
    "reading_club.adapters.eventstream.testing.publisher",
)

from reading_club.adapters.eventstream.testing.batch_publisher import (
    BatchPublisherContract,
    BatchPublisherFixtures,
    Delivered,
)
from reading_club.adapters.eventstream.testing.consumer_fixture import ConsumerFixture, on_the_wire
from reading_club.adapters.eventstream.testing.events import (
    LISTENERS,
    PARCEL_SENT,
    ParcelSent,
    a_listener,
)
from reading_club.adapters.eventstream.testing.failing_subscriber import (
    FailingSubscriber,
    ProcessKilled,
)
from reading_club.adapters.eventstream.testing.fake import FakeCelery, SentTask
from reading_club.adapters.eventstream.testing.fixtures import (
    celery_app,
    celery_queue,
    transport,
)
from reading_club.adapters.eventstream.testing.kept_events import KeptEventsContract
from reading_club.adapters.eventstream.testing.published_versions import PublishedVersionsContract
from reading_club.adapters.eventstream.testing.publisher import (
    Arrived,
    EventPublisherContract,
    outgoing,
)
from reading_club.adapters.eventstream.testing.transport import (
    EventstreamTransportContract,
    Received,
)

__all__ = [
    "LISTENERS",
    "PARCEL_SENT",
    "Arrived",
    "BatchPublisherContract",
    "BatchPublisherFixtures",
    "ConsumerFixture",
    "Delivered",
    "EventPublisherContract",
    "EventstreamTransportContract",
    "FailingSubscriber",
    "FakeCelery",
    "KeptEventsContract",
    "ParcelSent",
    "ProcessKilled",
    "PublishedVersionsContract",
    "Received",
    "SentTask",
    "a_listener",
    "celery_app",
    "celery_queue",
    "on_the_wire",
    "outgoing",
    "transport",
]
