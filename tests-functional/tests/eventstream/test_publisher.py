"""The contract of the batch publisher, on RabbitMQ and on Valkey."""

import os
from typing import Any

import pytest
from celery import Celery
from kombu import Connection
from redis import Redis
from redis.connection import Connection as RedisConnection

from reading_club.adapters.eventstream.app import publisher_app
from reading_club.adapters.eventstream.publisher.publisher import BatchPublisher
from reading_club.adapters.eventstream.testing import (
    LISTENERS,
    Arrived,
    BatchPublisherContract,
    KeptEventsContract,
    PublishedVersionsContract,
    outgoing,
)
from reading_club.adapters.eventstream.topology import EXCHANGE, queue_for
from reading_club_functional.requirements import require
from reading_club_functional.servers import RabbitMQServer, Server


def empty(url: str) -> None:
    """Delete the listeners' queues and the exchange on RabbitMQ."""
    with Connection(url) as connection:
        channel = connection.channel()
        for listener in LISTENERS:
            queue_for(listener)(channel).delete()
        EXCHANGE(channel).delete()


class TestBrokers(BatchPublisherContract):
    """The contract, and what only real brokers show."""

    @pytest.fixture(params=["rabbitmq", "valkey"])
    def broker_url(self, request: pytest.FixtureRequest) -> str:
        """An empty broker: RabbitMQ, then Valkey."""
        server: Server = request.getfixturevalue(request.param)
        if isinstance(server, RabbitMQServer):
            empty(server.url)
        else:
            with Redis.from_url(server.url) as client:
                client.flushall()
        return server.url

    @pytest.mark.parametrize("broker_url", ["valkey"], indirect=True)
    def test_a_batch_is_two_round_trips_on_valkey(
        self, publisher: BatchPublisher, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """One round trip reads the bindings, the other one flushes all messages."""
        publisher.publish([outgoing()])
        sent: list[Any] = []
        send: Any = RedisConnection.send_packed_command  # untyped in redis

        def count(connection: Any, command: Any, **options: Any) -> None:
            sent.append(command)
            send(connection, command, **options)

        monkeypatch.setattr(RedisConnection, "send_packed_command", count)
        published = publisher.publish([outgoing() for _ in range(500)])

        assert len(published.confirmed) == 500
        assert len(sent) == 2

    @pytest.mark.parametrize("broker_url", ["valkey"], indirect=True)
    def test_a_flush_loses_no_event_that_comes_later(
        self, publisher: BatchPublisher, broker_url: str, arrived: Arrived
    ) -> None:
        """The bindings are declared again, although the connection has stayed open."""
        publisher.publish([outgoing()])
        with Redis.from_url(broker_url) as client:
            client.flushall()
        event, direct = outgoing(), outgoing(subscriber="second")

        published = publisher.publish([event, direct])

        assert set(published.confirmed) == {event.key, direct.key}
        assert arrived("first") == [event.envelope]
        assert arrived("second") == [event.envelope, direct.envelope]

    @pytest.mark.parametrize("broker_url", ["rabbitmq"], indirect=True)
    def test_a_queue_that_is_deleted_is_there_for_the_next_attempt(
        self, publisher: BatchPublisher, rabbitmq: RabbitMQServer, arrived: Arrived
    ) -> None:
        """Only the direct event for the missing queue fails; the next attempt is confirmed."""
        publisher.publish([outgoing()])
        rabbitmq.rabbitmqctl("delete_queue", "eventstream.second")
        event, direct = outgoing(), outgoing(subscriber="second")

        refused = publisher.publish([direct, event])
        again = publisher.publish([direct])

        assert refused.failed == {direct.key: "no queue takes it"}
        assert list(refused.confirmed) == [event.key]
        assert list(again.confirmed) == [direct.key]
        assert arrived("second") == [direct.envelope]

    @pytest.mark.parametrize("broker_url", ["rabbitmq"], indirect=True)
    def test_an_event_that_finds_no_queue_at_all_is_not_confirmed(
        self, rabbitmq: RabbitMQServer, broker_url: str, arrived: Arrived
    ) -> None:
        """An event that has a subscriber but no queue fails, and arrives at the next attempt."""
        publisher = BatchPublisher(publisher_app(broker_url, LISTENERS[:1], unwanted="confirm"))
        publisher.publish([outgoing()])
        rabbitmq.rabbitmqctl("delete_queue", "eventstream.first")
        wanted, unwanted = outgoing(), outgoing(type="parcel_lost_v1")

        refused = publisher.publish([unwanted, wanted, unwanted])
        again = publisher.publish([wanted])
        publisher.close()

        assert refused.failed == {wanted.key: "no queue takes it"}
        assert list(refused.confirmed) == [unwanted.key]
        assert list(again.confirmed) == [wanted.key]
        assert arrived("first") == [wanted.envelope]

    def test_a_queue_that_was_there_before_is_heard_of(self, broker_url: str, app: Celery) -> None:
        """A direct event reaches a subscriber unknown to the publisher, if its queue exists."""
        knowing = BatchPublisher(app)
        knowing.publish([outgoing()])
        knowing.close()
        unknowing = BatchPublisher(publisher_app(broker_url))

        published = unknowing.publish([event := outgoing(subscriber="second")])
        unknowing.close()

        assert list(published.confirmed) == [event.key]

    def test_a_forked_process_publishes_by_itself(
        self, publisher: BatchPublisher, arrived: Arrived
    ) -> None:
        """Parent and child publish concurrently, and each gets the confirms of its own events."""
        publisher.publish([outgoing()])
        arrived("first")
        childs, parents = [[outgoing(who) for _ in range(300)] for who in ("child", "parent")]

        child = os.fork()
        if not child:
            published = publisher.publish(childs)
            os._exit(0 if len(published.confirmed) == 300 else 1)
        published = publisher.publish(parents)
        _, status = os.waitpid(child, 0)

        assert status == 0
        assert len(published.confirmed) == 300
        there = {envelope["id"] for envelope in arrived("first")}
        assert there == {event.envelope["id"] for event in [*childs, *parents]}


class TestKeptEvents(KeptEventsContract):
    """The contract of a publisher that keeps what no queue takes, on real brokers."""


class TestPublishedVersions(PublishedVersionsContract):
    """The contract of a publisher of events that have versions, on real brokers."""


def test_an_event_that_is_too_large_fails_alone() -> None:
    """Only the large event fails, although the broker closes the channel without naming it."""
    require(RabbitMQServer)
    with RabbitMQServer({"max_message_size": "65536"}) as server:
        publisher = BatchPublisher(publisher_app(server.url, LISTENERS))
        events = [outgoing("x" * 100_000 if number == 20 else "{}") for number in range(40)]

        published = publisher.publish(events)
        afterwards = publisher.publish(events[:1])
        publisher.close()

    assert published.failed == {events[20].key: "the broker refuses it: PreconditionFailed"}
    assert set(published.confirmed) == {event.key for event in events} - {events[20].key}
    assert (published.outage, afterwards.outage) == (None, None)
