"""The list and a real Celery keep the same promises about windows."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from celery import Celery

from reading_club.adapters.eventstream import BatchPublisher, publisher_app
from reading_club.adapters.eventstream.testing import (
    LISTENERS,
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
    def app(self, memory_app: Celery) -> Celery:
        """A publisher's app that knows the listeners."""
        routes = publisher_app("memory://", LISTENERS).conf.task_routes
        memory_app.conf.task_routes = routes
        return memory_app

    @pytest.fixture
    def publisher(self, app: Celery) -> Iterator[BatchPublisher]:
        """A publisher on the app."""
        publisher = BatchPublisher(app)
        yield publisher
        publisher.close()
