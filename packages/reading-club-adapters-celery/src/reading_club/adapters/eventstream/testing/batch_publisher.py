"""The contract of publishers on Celery: encoding failures, and what a worker receives."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, Protocol
from uuid import uuid4

import pytest
from celery import Celery
from kombu import Message, pools

from reading_club.adapters.eventstream.app import publisher_app
from reading_club.adapters.eventstream.publisher.publisher import BatchPublisher
from reading_club.adapters.eventstream.testing.events import LISTENERS
from reading_club.adapters.eventstream.testing.publisher import (
    Arrived,
    EventPublisherContract,
    outgoing,
)
from reading_club.adapters.eventstream.topology import SEND_MESSAGE, Unwanted, queue_name
from reading_club.eventstream.context import NO_CONTEXT, MessageContext
from reading_club.eventstream.ports.outbox import OutboxMessage
from reading_club.eventstream.ports.publisher import EventPublisher

HIDDEN: Final = "hunter2"
CONTEXT: Final = MessageContext(
    uuid4(), uuid4(), "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
)


class Delivered(Protocol):
    """Takes all messages from a subscriber's queue."""

    def __call__(self, subscriber: str, /) -> Sequence[Message]:
        """Return the messages, the oldest first."""
        ...


class BatchPublisherFixtures:
    """The contract's fixtures; provide ``broker_url``, of an empty broker."""

    unwanted: Unwanted = "confirm"

    @pytest.fixture
    def app(self, broker_url: str) -> Iterator[Celery]:
        """A publisher's application that knows the contract's subscribers."""
        app = publisher_app(broker_url, LISTENERS, unwanted=self.unwanted)
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
        """A reader of a queue; a confirmed message is there at once."""

        def take(subscriber: str, /) -> Sequence[Message]:
            with app.connection_for_read() as connection:
                channel: Any = connection.channel()
                queue = queue_name(subscriber)
                get = iter(lambda: channel.basic_get(queue, no_ack=True), None)
                return [channel.message_to_python(message) for message in get]

        return take

    @pytest.fixture
    def arrived(self, delivered: Delivered) -> Arrived:
        """A reader of the envelopes on a queue."""

        def take(subscriber: str, /) -> Sequence[Mapping[str, Any]]:
            return [message.payload[1]["message"] for message in delivered(subscriber)]

        return take


class BatchPublisherContract(BatchPublisherFixtures, EventPublisherContract):
    """The contract on Celery; provide ``broker_url``, of an empty broker."""

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
        """The other events of the batch are sent, and the reason hides the event's content."""
        events = [outgoing(), outgoing(**broken), outgoing()]

        published = publisher.publish(events)

        assert set(published.confirmed) == {events[0].key, events[2].key}
        assert list(published.failed) == [events[1].key]
        assert HIDDEN not in published.failed[events[1].key]
        assert published.outage is None
        assert arrived("first") == [events[0].envelope, events[2].envelope]

    def test_an_event_without_a_type_fails_alone(self, publisher: EventPublisher) -> None:
        """An event without a type has no routing key: it fails, without an outage."""
        event = outgoing()
        envelope = {key: value for key, value in event.envelope.items() if key != "type"}

        published = publisher.publish([OutboxMessage(event.key, envelope)])

        assert list(published.failed) == [event.key]
        assert published.outage is None

    def test_an_event_for_an_unknown_subscriber_fails_alone(
        self, publisher: EventPublisher, arrived: Arrived
    ) -> None:
        """An event whose subscriber has no queue fails, and the other events are sent."""
        events = [outgoing(), outgoing(subscriber="third"), outgoing()]

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
        """A published message equals that of ``send_task``, except for its ids."""
        app.conf.task_compression = compression
        event = outgoing('{"weight": 3}')

        publisher.publish([event])
        app.send_task(SEND_MESSAGE, kwargs={"message": dict(event.envelope)})

        ours, theirs = delivered("first")
        assert _described(ours) == _described(theirs)
        assert ours.headers["id"] == ours.headers["root_id"] == ours.properties["correlation_id"]

    def test_the_context_of_a_message_is_in_its_headers(
        self, publisher: EventPublisher, delivered: Delivered
    ) -> None:
        """Known parts arrive as headers of the message, unknown ones as none; the body is equal."""
        contexts = [CONTEXT, replace(CONTEXT, causation_id=None), NO_CONTEXT]
        events = [replace(outgoing(), context=context) for context in contexts]

        publisher.publish(events)

        messages = delivered("first")
        assert [MessageContext.from_fields(each.headers) for each in messages] == contexts
        assert CONTEXT.fields.keys().isdisjoint(messages[2].headers)
        assert [each.payload[1]["message"] for each in messages] == [e.envelope for e in events]


def _described(message: Any) -> dict[str, Any]:
    """Return the message without ids, delivery tag and message count."""
    properties = ("reply_to", "delivery_mode", "priority", "expiration")
    return {
        "headers": {**message.headers, "id": None, "root_id": None},
        "properties": {name: message.properties.get(name) for name in properties},
        "delivery_info": {**message.delivery_info, "delivery_tag": None, "message_count": None},
        "body": message.body,
        "content_type": message.content_type,
        "content_encoding": message.content_encoding,
    }
