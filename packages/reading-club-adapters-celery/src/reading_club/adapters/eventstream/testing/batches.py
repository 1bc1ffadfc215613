"""What a publisher on Celery promises besides: what cannot be sent, and what a worker sees."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Protocol

import pytest
from celery import Celery
from kombu import Message, pools

from reading_club.adapters.eventstream.config import publisher_app
from reading_club.adapters.eventstream.publisher import BatchPublisher
from reading_club.adapters.eventstream.testing.publishing import (
    LISTENERS,
    Arrived,
    EventPublisherContract,
    outgoing,
)
from reading_club.adapters.eventstream.topology import SEND_MESSAGE, queue_called
from reading_club.service.outbox.port import EventPublisher, Outgoing

HIDDEN: Final = "hunter2"


class Delivered(Protocol):
    """Takes the messages that are on a subscriber's queue."""

    def __call__(self, subscriber: str, /) -> Sequence[Message]:
        """Return the messages that are there, the oldest first."""
        ...


class BatchPublisherFixtures:
    """Provide ``broker_url``, of an empty broker: all the rest is here."""

    @pytest.fixture
    def app(self, broker_url: str) -> Iterator[Celery]:
        """A publisher's app that knows the listeners."""
        app = publisher_app(broker_url, LISTENERS)
        yield app
        app.close()
        pools.reset()

    @pytest.fixture
    def publisher(self, app: Celery) -> Iterator[BatchPublisher]:
        """A publisher on the app."""
        publisher = BatchPublisher(app)
        yield publisher
        publisher.close()

    @pytest.fixture
    def delivered(self, app: Celery) -> Delivered:
        """What is on a queue: it is there as soon as it is confirmed."""

        def take(subscriber: str, /) -> Sequence[Message]:
            with app.connection_for_read() as connection:
                channel: Any = connection.channel()
                queue = queue_called(subscriber)
                get = iter(lambda: channel.basic_get(queue, no_ack=True), None)
                return [channel.message_to_python(message) for message in get]

        return take

    @pytest.fixture
    def arrived(self, delivered: Delivered) -> Arrived:
        """The envelopes in the messages."""

        def take(subscriber: str, /) -> Sequence[Mapping[str, Any]]:
            return [message.payload[1]["message"] for message in delivered(subscriber)]

        return take


class BatchPublisherContract(BatchPublisherFixtures, EventPublisherContract):
    """Provide ``broker_url``, of an empty broker."""

    @pytest.mark.parametrize(
        "broken",
        [
            {"payload": {HIDDEN}},
            {"type": "x" * 256 + HIDDEN},
            {"type": "\ud800" + HIDDEN},
            {"type": [HIDDEN]},
            {"type": 7},
        ],
        ids=range(5),
    )
    def test_what_cannot_be_encoded_fails_alone(
        self, publisher: EventPublisher, arrived: Arrived, broken: dict[str, Any]
    ) -> None:
        """The rest of the window is sent, and the reason repeats nothing of the event."""
        events = [outgoing(), outgoing(**broken), outgoing()]

        published = publisher.publish(events)

        assert set(published.confirmed) == {events[0].key, events[2].key}
        assert list(published.failed) == [events[1].key]
        assert HIDDEN not in published.failed[events[1].key]
        assert published.outage is None
        assert arrived("first") == [events[0].envelope, events[2].envelope]

    def test_an_event_without_a_type_fails_alone(self, publisher: EventPublisher) -> None:
        """Nobody can say where it is to go."""
        event = outgoing()
        envelope = {key: value for key, value in event.envelope.items() if key != "type"}

        published = publisher.publish([Outgoing(event.key, envelope)])

        assert list(published.failed) == [event.key]
        assert published.outage is None

    def test_an_event_for_an_unknown_subscriber_fails_alone(
        self, publisher: EventPublisher, arrived: Arrived
    ) -> None:
        """There is no queue for it, and the others are sent."""
        events = [outgoing(), outgoing(subscriber="nobody"), outgoing()]

        published = publisher.publish(events)

        assert set(published.confirmed) == {events[0].key, events[2].key}
        assert published.failed == {events[1].key: "no queue takes it"}
        assert published.outage is None
        assert arrived("first") == [events[0].envelope, events[2].envelope]

    @pytest.mark.parametrize("compression", [None, "gzip"])
    def test_a_worker_sees_what_celery_sends(
        self,
        app: Celery,
        publisher: EventPublisher,
        delivered: Delivered,
        compression: str | None,
    ) -> None:
        """The message is that of ``send_task``, but for its id."""
        app.conf.task_compression = compression
        event = outgoing('{"title": "Domain-Driven Design"}')

        publisher.publish([event])
        app.send_task(SEND_MESSAGE, kwargs={"message": dict(event.envelope)})

        ours, theirs = delivered("first")
        assert _described(ours) == _described(theirs)
        assert ours.headers["id"] == ours.headers["root_id"] == ours.properties["correlation_id"]


def _described(message: Any) -> dict[str, Any]:
    """Return all of a message but its ids, and what kombu leaves in it by accident."""
    properties = ("reply_to", "delivery_mode", "priority", "expiration")
    return {
        "headers": {**message.headers, "id": None, "root_id": None},
        "properties": {name: message.properties.get(name) for name in properties},
        "delivery_info": {**message.delivery_info, "delivery_tag": None, "message_count": None},
        "body": message.body,
        "content_type": message.content_type,
        "content_encoding": message.content_encoding,
    }
