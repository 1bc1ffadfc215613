"""Publishers of windows on brokers that a test may break, and what arrives there."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from celery import Celery
from kombu import Connection, pools
from redis import Redis

from reading_club.adapters.eventstream import EXCHANGE, BatchPublisher, publisher_app, queue_of
from reading_club.adapters.eventstream.testing import LISTENERS, Arrived, outgoing
from reading_club_functional.requirements import require
from reading_club_functional.servers import RabbitMQServer, Server, ValkeyServer


@pytest.fixture(scope="package")
def own_rabbitmq() -> Iterator[RabbitMQServer]:
    """A RabbitMQ that only these tests use."""
    require(RabbitMQServer)
    with RabbitMQServer() as server:
        yield server


@pytest.fixture(scope="package")
def own_valkey() -> Iterator[ValkeyServer]:
    """A Valkey that only these tests use."""
    with ValkeyServer() as server:
        yield server


@pytest.fixture(params=["rabbitmq", "valkey"])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """An empty broker that a test may break: RabbitMQ, then Valkey."""
    server: Server = request.getfixturevalue(f"own_{request.param}")
    server.start()
    empty(server)
    yield server
    server.thaw()


@pytest.fixture
def publisher(app: Celery) -> Iterator[BatchPublisher]:
    """A publisher on the app."""
    publisher = BatchPublisher(app)
    yield publisher
    publisher.close()


@pytest.fixture
def lasting(publisher: BatchPublisher, server: Server) -> BatchPublisher:
    """A publisher that is connected, and whose queues outlive a broker that is killed.

    A quorum queue of RabbitMQ 3.10 has a name before the disk knows its term: killed in these
    seconds, it has no leader ever after.
    """
    assert publisher.publish([outgoing()]).outage is None
    if isinstance(server, RabbitMQServer):
        server.rabbitmqctl("eval", "[dets:sync(Table) || Table <- dets:all()].")
    return publisher


@pytest.fixture
def app(server: Server) -> Iterator[Celery]:
    """A publisher's app that knows the listeners."""
    app = publisher_app(server.url, LISTENERS)
    yield app
    app.close()
    pools.reset()


def empty(server: Server) -> None:
    """Delete all that is on the broker."""
    if isinstance(server, ValkeyServer):
        with Redis.from_url(server.url) as client:
            client.flushall()
        return
    with Connection(server.url) as connection:
        channel = connection.channel()
        for listener in LISTENERS:
            queue_of(listener)(channel).delete()
        EXCHANGE(channel).delete()


@pytest.fixture
def arrived(app: Celery) -> Arrived:
    """What is on a listener's queue; what is confirmed is there at once."""

    def take(subscriber: str, /) -> Sequence[Mapping[str, Any]]:
        with app.connection_for_read() as connection:
            channel: Any = connection.channel()
            get = iter(lambda: channel.basic_get(f"eventstream.{subscriber}", no_ack=True), None)
            return [channel.message_to_python(each).payload[1]["message"] for each in get]

    return take
