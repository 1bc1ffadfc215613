"""A queue that is full, of other arguments, missing or unbound leaves other queues working."""

from collections.abc import Iterator
from typing import Any

import pytest
from celery import Celery
from kombu import Connection, Queue

from reading_club.adapters.eventstream.publisher.publisher import BatchPublisher
from reading_club.adapters.eventstream.queues import SubscriberQueues
from reading_club.adapters.eventstream.testing import (
    LISTENERS,
    PARCEL_SENT,
    Arrived,
    BatchPublisherFixtures,
    outgoing,
)
from reading_club.eventstream.errors import QueueDiffers
from reading_club.eventstream.ports.outbox import OutboxMessage
from reading_club_functional.outages import full
from reading_club_functional.queues import unbind
from reading_club_functional.servers import RabbitMQServer

FIRST = "eventstream.first"


def ids(events: Any) -> list[str]:
    """Return the ids of these envelopes."""
    return [envelope["id"] for envelope in events]


def batches(number: int, subscriber: str = "") -> Iterator[list[OutboxMessage]]:
    """Yield batches of twenty events."""
    for _ in range(number):
        yield [outgoing(subscriber=subscriber) for _ in range(20)]


@pytest.mark.parametrize("broker_url", ["rabbitmq"], indirect=True)
class TestRefusals(BatchPublisherFixtures):
    """Refusals of RabbitMQ, the only broker that rejects messages."""

    def test_a_queue_that_is_full_refuses_and_is_no_outage(
        self, publisher: BatchPublisher, rabbitmq: RabbitMQServer, arrived: Arrived
    ) -> None:
        """Each event is confirmed or refused, and the other queue gets all of them."""
        publisher.publish([outgoing()])
        arrived("second")
        with full(rabbitmq, "first"):
            sent = [(batch, publisher.publish(batch)) for batch in batches(5)]

        for batch, published in sent:
            assert (published.outage, published.failed) == (None, {})
            assert set(published.confirmed) | set(published.refused) == {e.key for e in batch}
        last = sent[-1][1].refused
        assert len(last) == 20
        assert set(last.values()) == {"one of its queues is full or takes no messages"}
        everything = [event.envelope["id"] for batch, _ in sent for event in batch]
        assert ids(arrived("second")) == everything

    def test_a_full_queue_is_named_by_what_is_for_it_alone(
        self, publisher: BatchPublisher, rabbitmq: RabbitMQServer
    ) -> None:
        """A direct event for another queue is confirmed, the refused one once there is room."""
        publisher.publish([outgoing()])
        with full(rabbitmq, "first"):
            for batch in batches(3, "first"):
                publisher.publish(batch)
            refused, taken = outgoing(subscriber="first"), outgoing(subscriber="second")
            published = publisher.publish([refused, taken])

        reason = f"queue {FIRST} is full or takes no messages"
        assert published.refused == {refused.key: reason}
        assert list(published.confirmed) == [taken.key]
        again = publisher.publish([refused])
        assert list(again.confirmed) == [refused.key]

    def test_a_queue_of_another_kind_stops_no_other(
        self,
        publisher: BatchPublisher,
        broker_url: str,
        arrived: Arrived,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """The log names the queue; direct events are still delivered to the queue."""
        with Connection(broker_url) as connection:
            Queue(FIRST, durable=True)(connection.channel()).declare()
        event, direct = outgoing(), outgoing(subscriber="first")

        published = publisher.publish([event, direct])

        assert set(published.confirmed) == {event.key, direct.key}
        assert ids(arrived("second")) == [event.envelope["id"]]
        assert ids(arrived("first")) == [direct.envelope["id"]]
        (record,) = caplog.records
        fields = vars(record)
        assert fields["queue"] == FIRST
        assert fields["reason"] == f"queue {FIRST} cannot be declared: PRECONDITION_FAILED"

    def test_a_task_is_sent_though_a_queue_is_refused(
        self, app: Celery, broker_url: str, arrived: Arrived
    ) -> None:
        """``send_task`` declares all queues, skips the refused one, and publishes with confirms."""
        with Connection(broker_url) as connection:
            Queue(FIRST, durable=True)(connection.channel()).declare()
        events = [outgoing(), outgoing()]

        for event in events:
            app.send_task("send_message", kwargs={"message": dict(event.envelope)})

        assert ids(arrived("second")) == [event.envelope["id"] for event in events]

    def test_a_queue_that_is_locked_makes_nothing_fail(
        self, publisher: BatchPublisher, broker_url: str, arrived: Arrived
    ) -> None:
        """One queue is exclusive to another connection; the other queue gets the event."""
        with Connection(broker_url) as owner:
            Queue(FIRST, exclusive=True, durable=False)(owner.channel()).declare()
            published = publisher.publish([event := outgoing()])

        assert list(published.confirmed) == [event.key]
        assert ids(arrived("second")) == [event.envelope["id"]]

    def test_a_binding_that_is_lost_is_put_back_while_the_publisher_lives(
        self, publisher: BatchPublisher, app: Celery, broker_url: str, arrived: Arrived
    ) -> None:
        """Events are confirmed by the bound queue alone until ``declare`` binds the other again."""
        publisher.publish([outgoing()])
        unbind(broker_url, "first", PARCEL_SENT)
        missed, arriving = outgoing(), outgoing()
        assert list(publisher.publish([missed]).confirmed) == [missed.key]

        SubscriberQueues(app).declare(LISTENERS[0])
        publisher.publish([arriving])

        assert ids(arrived("first"))[1:] == [arriving.envelope["id"]]
        assert ids(arrived("second"))[1:] == [missed.envelope["id"], arriving.envelope["id"]]

    def test_a_queue_that_is_missing_among_several_is_made_again(
        self, publisher: BatchPublisher, app: Celery, rabbitmq: RabbitMQServer, arrived: Arrived
    ) -> None:
        """Events are confirmed by the other queue; ``declare`` creates the missing one again."""
        publisher.publish([outgoing()])
        rabbitmq.rabbitmqctl("delete_queue", FIRST)
        missed, arriving = outgoing(), outgoing()
        assert list(publisher.publish([missed]).confirmed) == [missed.key]

        SubscriberQueues(app).declare(LISTENERS[0])
        publisher.publish([arriving])

        assert ids(arrived("first")) == [arriving.envelope["id"]]

    def test_a_reconciler_hears_of_a_queue_of_another_kind(
        self, app: Celery, broker_url: str
    ) -> None:
        """``QueueDiffers`` is raised for this subscriber alone, and says what to do."""
        with Connection(broker_url) as connection:
            Queue(FIRST, durable=True)(connection.channel()).declare()
        queues = SubscriberQueues(app)

        with pytest.raises(QueueDiffers, match=f"`rabbitmqctl delete_queue {FIRST}`"):
            queues.declare(LISTENERS[0])

        queues.declare(LISTENERS[1])
        assert queues.is_empty("first")
