"""The contract of batch publishers, for the in-memory one and for Celery."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from celery import Celery

from reading_club.adapters.eventstream.testing import (
    PARCEL_SENT,
    Arrived,
    BatchPublisherContract,
    EventPublisherContract,
)
from reading_club.adapters.memory.publisher import InMemoryPublisher
from reading_club.eventstream.ports.outbox import ALL_SUBSCRIBERS


class TestFake(EventPublisherContract):
    """The in-memory publisher."""

    @pytest.fixture
    def publisher(self) -> InMemoryPublisher:
        """A publisher to a list."""
        return InMemoryPublisher()

    @pytest.fixture
    def arrived(self, publisher: InMemoryPublisher) -> Arrived:
        """The envelopes for a subscriber in the list."""

        def take(subscriber: str, /) -> Sequence[Mapping[str, Any]]:
            events = [
                e for e in publisher.sent if e.key.subscriber in (ALL_SUBSCRIBERS, subscriber)
            ]
            envelopes = [event.envelope for event in events]
            return [each for each in envelopes if each["type"] == PARCEL_SENT]

        return take


class TestCelery(BatchPublisherContract):
    """A real Celery, on the in-memory broker."""

    @pytest.fixture
    def broker_url(self, memory_app: Celery) -> str:
        """The URL of the in-memory broker, which is empty before and after."""
        return str(memory_app.conf.broker_url)
