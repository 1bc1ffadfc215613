"""What every publisher of windows promises, whatever its broker."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol
from uuid import UUID, uuid4

import pytest

from reading_club.adapters.eventstream.testing.contract import TEXTS, an_envelope
from reading_club.domain.messages import BookRegistered
from reading_club.service.outbox.port import EVERYBODY, EventPublisher, Key, Outgoing
from reading_club.service.subscriber import Subscriber


def a_listener(name: str) -> Subscriber:
    """Return a subscriber that hears ``book_registered_v1``."""
    subscriber = Subscriber(name)

    @subscriber.on(BookRegistered)
    async def hear(event: Any, uow: Any) -> None: ...

    return subscriber


LISTENERS: Final = (a_listener("first"), a_listener("second"))
"""Who is known to the publisher of the contract."""


def outgoing(payload: object = "{}", subscriber: str = EVERYBODY, **changes: Any) -> Outgoing:
    """Return an event with an id of its own; ``changes`` replace fields of its envelope."""
    envelope = an_envelope(payload) | {"id": str(uuid4())}
    return Outgoing(Key(UUID(envelope["id"]), subscriber), envelope | changes)


class Arrived(Protocol):
    """Takes what is on a subscriber's queue."""

    def __call__(self, subscriber: str, /) -> Sequence[Mapping[str, Any]]:
        """Return the envelopes that are there, the oldest first."""
        ...


class EventPublisherContract:
    """Provide ``publisher`` and ``arrived``, on one empty broker, with the LISTENERS."""

    def test_a_window_arrives_in_its_order(
        self, publisher: EventPublisher, arrived: Arrived
    ) -> None:
        """Each event is confirmed, and is on the queue of each subscriber by then."""
        events = [outgoing(str(number)) for number in range(200)]

        published = publisher.publish(events)

        assert set(published.confirmed) == {event.key for event in events}
        assert (published.failed, published.outage) == ({}, None)
        assert arrived("first") == arrived("second") == [event.envelope for event in events]

    def test_windows_arrive_one_after_the_other(
        self, publisher: EventPublisher, arrived: Arrived
    ) -> None:
        """What was published first is handled first."""
        windows = [[outgoing(), outgoing()] for _ in range(5)]

        for window in windows:
            assert len(publisher.publish(window).confirmed) == 2

        assert arrived("first") == [event.envelope for window in windows for event in window]

    def test_an_event_for_one_subscriber_is_for_nobody_else(
        self, publisher: EventPublisher, arrived: Arrived
    ) -> None:
        """It goes to this queue alone, in its place between the others."""
        events = [outgoing(), outgoing(subscriber="second"), outgoing()]

        published = publisher.publish(events)

        assert set(published.confirmed) == {event.key for event in events}
        assert arrived("first") == [events[0].envelope, events[2].envelope]
        assert arrived("second") == [event.envelope for event in events]

    @pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
    def test_any_text_survives(
        self, publisher: EventPublisher, arrived: Arrived, text: str
    ) -> None:
        """Whatever a member wrote is what a subscriber reads."""
        event = outgoing(text)

        publisher.publish([event])

        assert arrived("first") == [event.envelope]

    def test_what_nobody_wants_is_confirmed(
        self, publisher: EventPublisher, arrived: Arrived
    ) -> None:
        """It goes nowhere, and that is no error."""
        event = outgoing(type="book_burnt_v1")

        published = publisher.publish([event])

        assert list(published.confirmed) == [event.key]
        assert arrived("first") == []

    def test_an_empty_window_is_nothing(self, publisher: EventPublisher) -> None:
        """Nothing is confirmed, and nothing is wrong."""
        published = publisher.publish([])

        assert not published.confirmed
        assert (published.failed, published.outage) == ({}, None)

    def test_a_closed_publisher_is_used_again(
        self, publisher: EventPublisher, arrived: Arrived
    ) -> None:
        """It connects anew; closing it twice is as good as once."""
        events = [outgoing(), outgoing()]

        publisher.publish(events[:1])
        publisher.close()
        publisher.close()
        published = publisher.publish(events[1:])

        assert list(published.confirmed) == [events[1].key]
        assert arrived("first") == [event.envelope for event in events]
