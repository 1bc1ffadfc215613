"""A batch on a broker that is stopped, frozen, out of memory or killed."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from kombu import Producer

from reading_club.adapters.eventstream.publisher import amqp
from reading_club.adapters.eventstream.publisher.publisher import BatchPublisher
from reading_club.adapters.eventstream.testing import Arrived, BatchPublisherFixtures, outgoing
from reading_club.eventstream.ports.outbox import OutboxMessage
from reading_club.eventstream.ports.publisher import PublishResult
from reading_club_functional.polling import eventually
from reading_club_functional.requirements import require
from reading_club_functional.servers import RabbitMQServer, Server, ValkeyServer

CONNECT_TIMEOUT = 4.5
"""Seconds: two socket timeouts and a margin."""

CALLED_PER_EVENT = {
    RabbitMQServer: (amqp, "write_message"),
    ValkeyServer: (Producer, "publish"),
}
"""The function that is called once for each event of a batch."""

SIZES = {"one": (1, 10), "many": (2000, 10), "more than buffers hold": (200, 200_000)}


@pytest.fixture(scope="module")
def own_rabbitmq() -> Iterator[RabbitMQServer]:
    """A RabbitMQ that only these tests use."""
    require(RabbitMQServer)
    with RabbitMQServer() as server:
        yield server


@pytest.fixture(scope="module")
def own_valkey() -> Iterator[ValkeyServer]:
    """A Valkey that only these tests use."""
    # After a kill, messages that were already consumed must not reappear.
    with ValkeyServer({"appendfsync": "always"}) as server:
        yield server


@pytest.fixture(params=["rabbitmq", "valkey"])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A broker that tests may stop: RabbitMQ, then Valkey. It may contain old messages."""
    server: Server = request.getfixturevalue(f"own_{request.param}")
    server.start()
    yield server
    server.thaw()


@pytest.fixture(params=SIZES.values(), ids=list(SIZES))
def batch(request: pytest.FixtureRequest) -> list[OutboxMessage]:
    """Batches of different sizes."""
    events, length = request.param
    return [outgoing("x" * length) for _ in range(events)]


def in_time(publisher: BatchPublisher, events: Sequence[OutboxMessage]) -> PublishResult:
    """Publish, and assert that an outage is reported within the publisher's timeout."""
    start = time.monotonic()
    published = publisher.publish(events)
    seconds = time.monotonic() - start

    assert seconds < publisher.timeout + CONNECT_TIMEOUT
    assert published.outage is not None
    assert "guest" not in str(published.outage)
    assert not published.failed
    return published


def recovers(publisher: BatchPublisher) -> None:
    """Publish again, as a relay does, until there is no outage; 30 s at most."""
    eventually(lambda: publisher.publish([outgoing()]).outage is None, within=30)


def then(act: Callable[[], None], at: int, original: Any) -> Any:
    """Wrap a function so that `act` is called before call number `at`, from 0."""
    calls = iter(range(1_000_000))

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        if next(calls) == at:
            act()
        return original(*args, **kwargs)

    return wrapper


class TestOutages(BatchPublisherFixtures):
    """Outages of brokers that only these tests use."""

    @pytest.fixture
    def broker_url(self, server: Server) -> str:
        """The URL of the broker that the tests may stop."""
        return server.url

    @pytest.fixture
    def lasting(self, publisher: BatchPublisher, server: Server) -> BatchPublisher:
        """A connected publisher whose queues survive a SIGKILL of the broker."""
        assert publisher.publish([outgoing()]).outage is None
        if isinstance(server, RabbitMQServer):
            server.flush_to_disk()
        return publisher

    @pytest.mark.parametrize("connected", [True, False])
    def test_a_broker_that_is_stopped_is_an_outage(
        self, lasting: BatchPublisher, server: Server, *, connected: bool
    ) -> None:
        """No event is confirmed; publishing works again when the broker is back."""
        if not connected:
            lasting.close()
        server.kill()

        published = in_time(lasting, [outgoing(), outgoing()])
        server.start()

        assert not published.confirmed
        recovers(lasting)

    @pytest.mark.parametrize("connected", [True, False])
    def test_a_broker_that_is_frozen_is_an_outage(
        self,
        publisher: BatchPublisher,
        server: Server,
        batch: list[OutboxMessage],
        *,
        connected: bool,
    ) -> None:
        """An open connection, and a batch larger or smaller than its buffers, change nothing."""
        if connected:
            assert publisher.publish([outgoing()]).outage is None
        publisher.timeout = 1.0
        server.freeze()

        published = in_time(publisher, batch)
        server.thaw()

        assert not published.confirmed
        recovers(publisher)

    @pytest.mark.parametrize("server", ["rabbitmq"], indirect=True)
    @pytest.mark.parametrize("connected", [True, False])
    def test_a_broker_without_memory_is_an_outage(
        self,
        publisher: BatchPublisher,
        own_rabbitmq: RabbitMQServer,
        batch: list[OutboxMessage],
        *,
        connected: bool,
    ) -> None:
        """The memory alarm is reported as the reason, before the publisher's timeout."""
        if connected:
            publisher.publish([outgoing()])
        own_rabbitmq.rabbitmqctl("set_vm_memory_high_watermark", "absolute", "1")
        try:
            start = time.monotonic()
            published = in_time(publisher, batch)
            seconds = time.monotonic() - start
        finally:
            own_rabbitmq.rabbitmqctl("set_vm_memory_high_watermark", "0.4")

        assert published.reason == "the broker's memory alarm"
        assert seconds < publisher.timeout
        recovers(publisher)

    @pytest.mark.parametrize("killed_at", [0, 250, 499])
    def test_what_was_confirmed_outlives_a_broker_that_is_killed(
        self,
        lasting: BatchPublisher,
        server: Server,
        arrived: Arrived,
        monkeypatch: pytest.MonkeyPatch,
        killed_at: int,
    ) -> None:
        """Of a batch interrupted by the kill only the unconfirmed events are sent again."""
        arrived("first")
        events = [outgoing(str(number)) for number in range(500)]
        with monkeypatch.context() as killing:
            kind, name = CALLED_PER_EVENT[type(server)]
            killing.setattr(kind, name, then(server.kill, killed_at, getattr(kind, name)))
            published = in_time(lasting, events)

        server.start()
        rest = [event for event in events if event.key not in set(published.confirmed)]
        eventually(lambda: lasting.publish(rest).outage is None, within=30)

        there = {envelope["id"] for envelope in arrived("first")}
        assert there == {event.envelope["id"] for event in events}
