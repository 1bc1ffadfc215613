"""Consuming an event of an older version, and copies of one event in two versions."""

from collections.abc import Callable
from typing import Any

import pytest
from messagebus import Event

from reading_club.adapters.eventstream.testing import ConsumerFixture, on_the_wire
from reading_club.adapters.eventstream.worker.event_task import EventTask
from reading_club.domain.messages import BookRegistered, BookRegisteredV2
from reading_club.domain.upcasters import with_list_of_authors
from reading_club.eventstream.subscriber import Subscriber
from reading_club.eventstream.versions import Versions
from reading_club.service.versions import VERSIONS
from reading_club.testing.builders import an_event

Consume = Callable[[Subscriber[Any, Any]], EventTask]


def subscribed(versions: Versions = VERSIONS) -> tuple[Subscriber[Any, Any], list[Event]]:
    """Return a subscriber to the second version, and the events that it has handled."""
    handled: list[Event] = []
    subscriber = Subscriber[Any, Any]("shelf", versions=versions)

    @subscriber.on(BookRegisteredV2)
    async def put(event: BookRegisteredV2, _: object) -> None:
        handled.append(event)

    return subscriber, handled


def both_versions(event: BookRegistered) -> list[dict[str, Any]]:
    """Return the two messages of one event."""
    first = on_the_wire(event)
    return [first, dict(VERSIONS.convert(first, "book_registered_v2"))]


def test_an_event_of_an_older_version_is_upcast(consume: Consume, club: ConsumerFixture) -> None:
    """Alone and in a batch, the handler of the second version gets the first one upcast."""
    subscriber, handled = subscribed()
    events = [an_event() for _ in range(3)]
    task = consume(subscriber)

    task.receive(on_the_wire(events[0]))
    assert task.receive_batch([on_the_wire(event) for event in events[1:]])

    assert handled == [with_list_of_authors(event) for event in events]
    assert {key.message_id for key in club.database.inbox} == {e.message_id for e in events}
    assert club.dead_letters == []


@pytest.mark.parametrize("order", [1, -1], ids=["oldest first", "newest first"])
@pytest.mark.parametrize("batches", [1, 2])
def test_two_versions_of_one_event_take_effect_once(
    consume: Consume, club: ConsumerFixture, batches: int, order: int
) -> None:
    """Both copies have one id: in one batch or in two, the first one alone is handled."""
    subscriber, handled = subscribed()
    event, other = an_event(), an_event()
    first, second = both_versions(event)[::order]
    task = consume(subscriber)

    if batches == 1:
        assert task.receive_batch([first, second, on_the_wire(other)])
    else:
        assert task.receive_batch([first, on_the_wire(other)])
        assert task.receive_batch([second, on_the_wire(other)])

    assert sorted(each.message_id for each in handled) == [event.message_id, other.message_id]
    assert len(club.database.inbox) == 2
    assert club.dead_letters == []


def test_an_upcaster_that_fails_is_an_attempt_that_fails(
    consume: Consume, club: ConsumerFixture
) -> None:
    """Its errors are counted like those of a handler, until the event is a dead letter."""

    def failing(_: BookRegistered) -> BookRegisteredV2:
        raise ZeroDivisionError

    subscriber, handled = subscribed(Versions([failing]))

    consume(subscriber).receive(on_the_wire(an_event()))

    (letter,) = club.dead_letters
    assert letter.error.startswith("ZeroDivisionError")
    assert (letter.parked, handled) == (False, [])


def test_a_newer_version_than_the_handlers_is_parked(
    consume: Consume, club: ConsumerFixture
) -> None:
    """It waits for a release that has a handler of it."""
    subscriber = Subscriber[Any, Any]("old", versions=VERSIONS)

    @subscriber.on(BookRegistered)
    async def put(event: BookRegistered, _: object) -> None: ...

    consume(subscriber).receive(both_versions(an_event())[1])

    (letter,) = club.dead_letters
    assert letter.parked
