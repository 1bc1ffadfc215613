"""The contract of publishers of batches, for any broker."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from uuid import UUID, uuid4

import pytest

from reading_club.adapters.eventstream.testing.transport import TEXTS, an_envelope
from reading_club.eventstream.ports.outbox import ALL_SUBSCRIBERS, OutboxKey, OutboxMessage
from reading_club.eventstream.ports.publisher import EventPublisher


def outgoing(
    payload: object = "{}", subscriber: str = ALL_SUBSCRIBERS, **changes: Any
) -> OutboxMessage:
    """Return an outbox message with a new id; ``changes`` replace fields of its envelope."""
    envelope = an_envelope(payload) | {"id": str(uuid4())}
    return OutboxMessage(OutboxKey(UUID(envelope["id"]), subscriber), envelope | changes)


class Arrived(Protocol):
    """Takes all envelopes from a subscriber's queue."""

    def __call__(self, subscriber: str, /) -> Sequence[Mapping[str, Any]]:
        """Return the envelopes, the oldest first."""
        ...


class EventPublisherContract:
    """Provide ``publisher``, for the LISTENERS, and ``arrived``, on one empty broker."""

    def test_a_batch_arrives_in_its_order(
        self, publisher: EventPublisher, arrived: Arrived
    ) -> None:
        """Each confirmed event is on the queue of each subscriber, in the batch's order."""
        events = [outgoing(str(number)) for number in range(200)]

        published = publisher.publish(events)

        assert set(published.confirmed) == {event.key for event in events}
        assert (published.failed, published.outage) == ({}, None)
        assert arrived("first") == arrived("second") == [event.envelope for event in events]

    def test_batches_arrive_one_after_the_other(
        self, publisher: EventPublisher, arrived: Arrived
    ) -> None:
        """Batches arrive in the order of their publication."""
        batches = [[outgoing(), outgoing()] for _ in range(5)]

        for batch in batches:
            assert len(publisher.publish(batch).confirmed) == 2

        assert arrived("first") == [event.envelope for batch in batches for event in batch]

    def test_an_event_for_one_subscriber_goes_to_its_queue_alone(
        self, publisher: EventPublisher, arrived: Arrived
    ) -> None:
        """An event for one subscriber goes to that queue alone, in its order."""
        events = [outgoing(), outgoing(subscriber="second"), outgoing()]

        published = publisher.publish(events)

        assert set(published.confirmed) == {event.key for event in events}
        assert arrived("first") == [events[0].envelope, events[2].envelope]
        assert arrived("second") == [event.envelope for event in events]

    @pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
    def test_any_text_survives(
        self, publisher: EventPublisher, arrived: Arrived, text: str
    ) -> None:
        """Any text in a payload arrives unchanged."""
        event = outgoing(text)

        publisher.publish([event])

        assert arrived("first") == [event.envelope]

    def test_an_event_without_subscribers_is_confirmed(
        self, publisher: EventPublisher, arrived: Arrived
    ) -> None:
        """An event without a subscriber is confirmed, and goes to no queue."""
        event = outgoing(type="parcel_lost_v1")

        published = publisher.publish([event])

        assert list(published.confirmed) == [event.key]
        assert arrived("first") == []

    def test_an_empty_batch_has_an_empty_result(self, publisher: EventPublisher) -> None:
        """An empty batch has an empty result."""
        published = publisher.publish([])

        assert not published.confirmed
        assert (published.failed, published.outage) == ({}, None)

    def test_a_closed_publisher_is_used_again(
        self, publisher: EventPublisher, arrived: Arrived
    ) -> None:
        """A closed publisher reconnects at the next batch; it may be closed twice."""
        events = [outgoing(), outgoing()]

        publisher.publish(events[:1])
        publisher.close()
        publisher.close()
        published = publisher.publish(events[1:])

        assert list(published.confirmed) == [events[1].key]
        assert arrived("first") == [event.envelope for event in events]
