"""The contract of the event stream's transport, on RabbitMQ and on Valkey.

Real brokers also show outages: a broker that is frozen or stopped.
"""

import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from queue import Empty
from typing import Any

import pytest
from celery import Celery
from redis import Redis

from reading_club.adapters.eventstream.app import publisher_app
from reading_club.adapters.eventstream.testing import (
    LISTENERS,
    PARCEL_SENT,
    EventstreamTransportContract,
    Received,
)
from reading_club.adapters.eventstream.transport import EventstreamTransport
from reading_club.eventstream.errors import EventstreamUnavailable
from reading_club_functional.requirements import require
from reading_club_functional.servers import RabbitMQServer, Server, ValkeyServer

PUBLISH_TIMEOUT = 5.0
"""The timeout of a direct publication, in seconds."""
QUEUE = "eventstream.first"
MESSAGE = {
    "id": "0192f0c4-7d8e-7b3a-9c1d-2e3f4a5b6c7d",
    "created_at": "2026-01-01T00:00:00+00:00",
    "type": PARCEL_SENT,
    "payload": "{}",
}


@pytest.fixture
def app(broker_url: str) -> Iterator[Celery]:
    """A publisher's Celery app on an empty broker."""
    app = publisher_app(broker_url, LISTENERS)
    yield app
    app.close()


@pytest.fixture
async def transport(app: Celery) -> AsyncIterator[EventstreamTransport]:
    """An event stream's transport on the publisher's app, whose queue is empty and accepts.

    A quorum queue that is new may refuse messages, which are then sent again, and arrive twice.
    """
    transport = EventstreamTransport(app)
    await transport.send_message_serialized(MESSAGE)
    with (
        app.connection_for_read() as connection,
        connection.SimpleQueue(connection_queue(app)) as queue,
    ):
        queue.get(timeout=PUBLISH_TIMEOUT).ack()
        queue.clear()
    yield transport
    transport.close()


class TestBrokers(EventstreamTransportContract):
    """The contract on real brokers."""

    @pytest.fixture
    def received(self, app: Celery) -> Received:
        """Return a function that reads and acknowledges the subscriber's messages."""

        def read(expected: int, /) -> Sequence[Mapping[str, Any]]:
            messages: list[Mapping[str, Any]] = []
            with app.connection_for_read() as connection:
                queue = connection.SimpleQueue(connection_queue(app))
                while True:
                    enough = len(messages) >= expected
                    try:
                        message = queue.get(timeout=0.2 if enough else PUBLISH_TIMEOUT)
                    except Empty:
                        return messages
                    message.ack()
                    messages.append(message.payload[1]["message"])

        return read


def connection_queue(app: Celery) -> Any:
    """Return the subscriber's queue as the publisher declares it."""
    (route,) = app.conf.task_routes
    return route.queues[0]


async def fails_in_time(transport: EventstreamTransport) -> float:
    """Assert that a publication fails, without secrets in the error; return its seconds."""
    start = time.monotonic()
    with pytest.raises(EventstreamUnavailable) as failure:
        await transport.send_message_serialized(MESSAGE)
    assert "guest" not in str(failure.value)
    return time.monotonic() - start


@pytest.mark.parametrize("kind", [RabbitMQServer, ValkeyServer])
@pytest.mark.parametrize("connected", [True, False])
async def test_a_broker_that_is_away_is_told_in_time(
    kind: type[Server], record_property: Callable[[str, object], None], *, connected: bool
) -> None:
    """A frozen or stopped broker raises EventstreamUnavailable within five seconds."""
    require(kind)
    with kind() as server:
        app = publisher_app(server.url, LISTENERS)
        transport = EventstreamTransport(app)
        if connected:
            await transport.send_message_serialized(MESSAGE)
            if isinstance(server, RabbitMQServer):
                server.flush_to_disk()
        server.freeze()
        frozen = await fails_in_time(transport)
        server.thaw()
        server.kill()
        stopped = await fails_in_time(transport)
        server.start()
        await transport.send_message_serialized(MESSAGE)
        transport.close()

    record_property("seconds", {"frozen": round(frozen, 2), "stopped": round(stopped, 2)})
    assert frozen < PUBLISH_TIMEOUT + 0.5
    assert stopped < PUBLISH_TIMEOUT + 0.5


async def test_an_event_waits_for_a_worker_that_was_never_there(
    transport: EventstreamTransport, app: Celery, valkey: ValkeyServer, broker_url: str
) -> None:
    """The publisher declares the queues, so that they keep events until a worker starts."""
    await transport.send_message_serialized(MESSAGE)

    if broker_url == valkey.url:
        with Redis.from_url(broker_url) as client:
            assert client.llen(QUEUE) == 1
    else:
        with app.connection_for_read() as connection:
            queue = connection_queue(app).bind(connection.default_channel)
            assert queue.queue_declare(passive=True).message_count == 1
