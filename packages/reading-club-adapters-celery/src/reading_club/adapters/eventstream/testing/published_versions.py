"""The contract of publishers of events that have versions."""

import json
from collections.abc import Iterator
from typing import Any, Final

import pytest
from celery import Celery
from kombu import pools
from messagebus import Event, Metadata

from reading_club.adapters.eventstream.app import publisher_app
from reading_club.adapters.eventstream.queues import SubscriberQueues
from reading_club.adapters.eventstream.testing.batch_publisher import (
    BatchPublisherFixtures,
    Delivered,
)
from reading_club.adapters.eventstream.testing.events import PARCEL_SENT, ParcelSent
from reading_club.adapters.eventstream.testing.publisher import Arrived, outgoing
from reading_club.adapters.eventstream.transport import EventstreamTransport
from reading_club.eventstream.outside import OutsideSubscriber
from reading_club.eventstream.ports.publisher import EventPublisher
from reading_club.eventstream.versions import Versions
from reading_club.eventstream.wire import wire_type

HIDDEN: Final = "hunter2"


class ParcelEvent(Event):
    """Base of the later versions."""


class ParcelSentV2(ParcelEvent):
    """A parcel was sent; its weight is in grams."""

    grams: int
    metadata: Metadata = Metadata(name="parcel_sent", schema_version=2, published=True)


def in_grams(event: ParcelSent) -> ParcelSentV2:
    """Return the second version."""
    return ParcelSentV2(grams=1000 * event.weight)


PARCEL_SENT_V2: Final = wire_type(ParcelSentV2)
PARCEL_VERSIONS: Final = Versions([in_grams])
VERSIONED: Final = (
    OutsideSubscriber("both", [PARCEL_SENT, PARCEL_SENT_V2]),
    OutsideSubscriber("newest", [PARCEL_SENT_V2]),
    OutsideSubscriber("old", [PARCEL_SENT]),
)
"""Subscribers to both versions, to the second, and to the first one."""


class PublishedVersionsContract(BatchPublisherFixtures):
    """Each queue gets an event in a version that it is bound to; provide ``broker_url``."""

    @pytest.fixture
    def app(self, broker_url: str) -> Iterator[Celery]:
        """A publisher's application that knows subscribers to different versions."""
        app = publisher_app(broker_url, VERSIONED, unwanted=self.unwanted, versions=PARCEL_VERSIONS)
        queues = SubscriberQueues(app)
        for subscriber in VERSIONED:
            queues.delete(subscriber)
        yield app
        for subscriber in VERSIONED:
            queues.delete(subscriber)
        app.close()
        pools.reset()

    def test_each_queue_gets_the_event_once_in_a_version_of_its_own(
        self, publisher: EventPublisher, arrived: Arrived
    ) -> None:
        """A queue of the stored version gets that one, another one the newest under the same id."""
        events = [outgoing(json.dumps({"weight": number})) for number in range(3)]

        published = publisher.publish(events)

        assert set(published.confirmed) == {event.key for event in events}
        assert (published.failed, published.refused, published.outage) == ({}, {}, None)
        assert arrived("both") == arrived("old") == [event.envelope for event in events]
        assert arrived("newest") == [
            {**e.envelope, "type": PARCEL_SENT_V2, "payload": f'{{"grams":{1000 * number}}}'}
            for number, e in enumerate(events)
        ]

    def test_copies_have_task_ids_of_their_own(
        self, publisher: EventPublisher, delivered: Delivered
    ) -> None:
        """A broker's return names one message, and headers are those of the event."""
        publisher.publish([outgoing('{"weight": 3}')])

        (stored,), (copy,) = delivered("both"), delivered("newest")
        ids = {stored.headers["id"], copy.headers["id"]}
        assert len(ids) == 2
        assert copy.headers["id"] == copy.properties["correlation_id"]
        assert stored.headers | {"id": "", "root_id": ""} == copy.headers | {
            "id": "",
            "root_id": "",
        }

    def test_an_event_for_one_subscriber_is_written_in_a_version_of_its_queue(
        self, publisher: EventPublisher, arrived: Arrived
    ) -> None:
        """So it is when an event is sent again, or replayed."""
        events = [outgoing('{"weight": 1}', subscriber=s.name) for s in VERSIONED]

        published = publisher.publish(events)

        assert set(published.confirmed) == {event.key for event in events}
        types = {s.name: [each["type"] for each in arrived(s.name)] for s in VERSIONED}
        assert types == {
            "both": [PARCEL_SENT],
            "newest": [PARCEL_SENT_V2],
            "old": [PARCEL_SENT],
        }

    def test_an_event_that_is_stored_in_the_second_version_stays_as_it_is(
        self, publisher: EventPublisher, arrived: Arrived
    ) -> None:
        """There is no way back to an older version."""
        event = outgoing('{"grams": 5}', type=PARCEL_SENT_V2)

        published = publisher.publish([event])

        assert set(published.confirmed) == {event.key}
        assert arrived("both") == arrived("newest") == [event.envelope]
        assert arrived("old") == []

    def test_an_event_that_cannot_be_converted_reaches_the_queues_of_its_own_version(
        self, publisher: EventPublisher, arrived: Arrived
    ) -> None:
        """It is refused, to be split by subscriber; the reason has none of the event's content."""
        events = [outgoing(json.dumps({"weight": weight})) for weight in (HIDDEN, 2)]

        published = publisher.publish(events)

        reason = f"it cannot be converted to {PARCEL_SENT_V2}: ValidationError"
        assert published.refused == {events[0].key: reason}
        assert set(published.confirmed) == {events[1].key}
        assert (published.failed, published.outage) == ({}, None)
        assert arrived("both") == arrived("old") == [event.envelope for event in events]
        assert [each["id"] for each in arrived("newest")] == [events[1].envelope["id"]]

    def test_an_event_that_cannot_be_converted_fails_for_its_one_subscriber(
        self, publisher: EventPublisher, arrived: Arrived
    ) -> None:
        """It fails by a fault of its own, and becomes a dead letter of that subscriber."""
        event = outgoing(json.dumps({"weight": HIDDEN}), subscriber="newest")

        published = publisher.publish([event])

        reason = f"it cannot be converted to {PARCEL_SENT_V2}: ValidationError"
        assert published.failed == {event.key: reason}
        assert (set(published.confirmed), published.refused) == (set(), {})
        assert arrived("newest") == []

    async def test_a_transport_of_its_own_sends_what_was_recorded_alone(
        self, app: Celery, arrived: Arrived
    ) -> None:
        """An ``EventstreamTransport`` without an outbox writes no copies."""
        event: Any = outgoing('{"weight": 1}').envelope
        transport = EventstreamTransport(app)

        await transport.send_message_serialized(event)
        transport.close()

        assert arrived("both") == arrived("old") == [event]
        assert arrived("newest") == []
