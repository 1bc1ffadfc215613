"""The contract of publishers that keep what no queue takes."""

from collections.abc import Iterator

import pytest
from celery import Celery
from kombu import Queue

from reading_club.adapters.eventstream.testing.batch_publisher import BatchPublisherFixtures
from reading_club.adapters.eventstream.testing.publisher import Arrived, outgoing
from reading_club.adapters.eventstream.topology import EXCHANGE, Unwanted, queue_name
from reading_club.eventstream.ports.publisher import EventPublisher

NO_QUEUE = "no queue takes it"


class KeptEventsContract(BatchPublisherFixtures):
    """The contract of ``unwanted="keep"``; provide ``broker_url``, of an empty broker."""

    unwanted: Unwanted = "keep"

    @pytest.fixture
    def unknown_queue(self, app: Celery) -> Iterator[Queue]:
        """A queue that the publisher does not know, on the exchange of its stream."""
        queue = Queue(queue_name("third"), EXCHANGE, routing_key="parcel.#", durable=True)
        yield queue
        with app.connection_for_write() as connection:
            queue(connection.channel()).delete()

    def test_an_event_that_no_queue_takes_is_refused_alone(
        self, publisher: EventPublisher, arrived: Arrived
    ) -> None:
        """It is refused with a reason, neither confirmed nor failed, and the others are sent."""
        events = [outgoing(), outgoing(type="parcel.lost_v1"), outgoing()]

        published = publisher.publish(events)

        assert published.refused == {events[1].key: NO_QUEUE}
        assert set(published.confirmed) == {events[0].key, events[2].key}
        assert (published.failed, published.outage) == ({}, None)
        assert arrived("first") == [events[0].envelope, events[2].envelope]

    def test_an_event_for_a_subscriber_without_a_queue_is_refused_alone(
        self, publisher: EventPublisher
    ) -> None:
        """It waits for its subscriber's first start, and becomes no dead letter before."""
        events = [outgoing(), outgoing(subscriber="third")]

        published = publisher.publish(events)

        assert published.refused == {events[1].key: NO_QUEUE}
        assert set(published.confirmed) == {events[0].key}
        assert (published.failed, published.outage) == ({}, None)

    def test_a_kept_event_is_confirmed_when_a_queue_takes_it(
        self, publisher: EventPublisher, arrived: Arrived, app: Celery, unknown_queue: Queue
    ) -> None:
        """Any queue will do, also one that this publisher does not know."""
        events = [outgoing(type="parcel.lost_v1"), outgoing(subscriber="third")]
        assert set(publisher.publish(events).refused) == {event.key for event in events}
        with app.connection_for_write() as connection:
            unknown_queue(connection.channel()).declare()

        published = publisher.publish(events)

        assert set(published.confirmed) == {event.key for event in events}
        assert (published.refused, published.failed, published.outage) == ({}, {}, None)
        assert arrived("third") == [event.envelope for event in events]
