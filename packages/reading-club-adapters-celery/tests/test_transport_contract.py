"""The contract of transports, for the fake Celery and a real one."""

from collections.abc import Iterator, Mapping, Sequence
from queue import Empty
from typing import Any

import pytest
from celery import Celery
from kombu import Message

from reading_club.adapters.eventstream.testing import (
    EventstreamTransportContract,
    Received,
    SentTask,
)
from reading_club.adapters.eventstream.transport import EventstreamTransport


class TestFake(EventstreamTransportContract):
    """The fake Celery."""

    @pytest.fixture
    def received(self, celery_queue: list[SentTask]) -> Received:
        """The messages in the list."""

        def read(_expected: int, /) -> Sequence[Mapping[str, Any]]:
            return [task.kwargs["message"] for task in celery_queue]

        return read


class TestCelery(EventstreamTransportContract):
    """A real Celery, on the in-memory broker."""

    @pytest.fixture
    def transport(self, memory_app: Celery) -> Iterator[EventstreamTransport]:
        """A transport on the real publisher."""
        transport = EventstreamTransport(memory_app)
        yield transport
        transport.close()

    @pytest.fixture
    def received(self, memory_app: Celery) -> Received:
        """The messages in the subscriber's queue."""

        def read(expected: int, /) -> Sequence[Mapping[str, Any]]:
            messages: list[Message] = []
            with memory_app.connection_for_read() as connection:
                queue = connection.SimpleQueue("eventstream.first")
                while len(messages) <= expected:
                    try:
                        messages.append(queue.get_nowait())
                    except Empty:
                        break
            return [message.payload[1]["message"] for message in messages]

        return read
