"""The fake and a real Celery keep the same promises."""

from collections.abc import Iterator, Mapping, Sequence
from queue import Empty
from typing import Any

import pytest
from celery import Celery
from kombu import Message

from reading_club.adapters.eventstream import EventstreamTransport
from reading_club.adapters.eventstream.testing import (
    EventstreamTransportContract,
    Received,
    SentTask,
)


class TestFake(EventstreamTransportContract):
    """On the list."""

    @pytest.fixture
    def received(self, celery_queue: list[SentTask]) -> Received:
        """What is in the list."""

        def read(_expected: int, /) -> Sequence[Mapping[str, Any]]:
            return [task.kwargs["message"] for task in celery_queue]

        return read


class TestCelery(EventstreamTransportContract):
    """On a real Celery, with a broker in this process."""

    @pytest.fixture
    def transport(self, memory_app: Celery) -> Iterator[EventstreamTransport]:
        """An event stream on the real publisher."""
        transport = EventstreamTransport(memory_app)
        yield transport
        transport.close()

    @pytest.fixture
    def received(self, memory_app: Celery) -> Received:
        """What is in the subscriber's queue."""

        def read(expected: int, /) -> Sequence[Mapping[str, Any]]:
            messages: list[Message] = []
            with memory_app.connection_for_read() as connection:
                queue = connection.SimpleQueue("eventstream.activity")
                while len(messages) <= expected:
                    try:
                        messages.append(queue.get_nowait())
                    except Empty:
                        break
            return [message.payload[1]["message"] for message in messages]

        return read
