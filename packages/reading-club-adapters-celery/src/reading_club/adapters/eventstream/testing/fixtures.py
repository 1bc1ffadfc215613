"""Fixtures of a transport on a fake Celery application."""

from collections.abc import Iterator

import pytest

from reading_club.adapters.eventstream.testing.fake import FakeCelery, SentTask
from reading_club.adapters.eventstream.transport import EventstreamTransport


@pytest.fixture
def celery_queue() -> list[SentTask]:
    """The sent tasks, in order."""
    return []


@pytest.fixture
def celery_app(celery_queue: list[SentTask]) -> FakeCelery:
    """A Celery application that sends to the list."""
    return FakeCelery(celery_queue)


@pytest.fixture
def transport(celery_app: FakeCelery) -> Iterator[EventstreamTransport]:
    """An event stream on the fake application."""
    transport = EventstreamTransport(celery_app)
    yield transport
    transport.close()
