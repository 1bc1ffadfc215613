"""The list and a real Celery keep the same promises about windows."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from celery import Celery

from reading_club.adapters.eventstream.testing import (
    Arrived,
    BatchPublisherContract,
    EventPublisherContract,
)
from reading_club.service.outbox.port import EVERYBODY
from reading_club.testing import InMemoryPublisher


class TestFake(EventPublisherContract):
    """On the list."""

    @pytest.fixture
    def publisher(self) -> InMemoryPublisher:
        """A broker that is a list."""
        return InMemoryPublisher()

    @pytest.fixture
    def arrived(self, publisher: InMemoryPublisher) -> Arrived:
        """What a subscriber would hear of it."""

        def take(subscriber: str, /) -> Sequence[Mapping[str, Any]]:
            events = [e for e in publisher.sent if e.key.subscriber in (EVERYBODY, subscriber)]
            heard = [event.envelope for event in events]
            return [each for each in heard if each["type"] == "book_registered_v1"]

        return take


class TestCelery(BatchPublisherContract):
    """On a real Celery, with a broker in this process."""

    @pytest.fixture
    def broker_url(self, memory_app: Celery) -> str:
        """The broker in this process, which is empty before and after."""
        return str(memory_app.conf.broker_url)
