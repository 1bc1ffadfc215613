"""A batch takes effect as a whole, or is split."""

from collections.abc import Callable
from typing import Any

import pytest
from celery.exceptions import Reject

from reading_club.adapters.eventstream.testing import ConsumerFixture, on_the_wire
from reading_club.adapters.eventstream.worker.event_task import EventTask
from reading_club.domain.messages import BookRegistered
from reading_club.eventstream.errors import StorageUnavailable
from reading_club.eventstream.subscriber import Subscriber
from reading_club.service.projections import activity
from reading_club.service.uow import AbstractUnitOfWork
from reading_club.testing.builders import an_event


def handled(consumer: EventTask, *events: BookRegistered) -> bool:
    """Let the consumer receive the events as a batch."""
    return consumer.receive_together([on_the_wire(event) for event in events])


def test_a_batch_takes_effect_in_one_transaction(
    consumer: EventTask, club: ConsumerFixture
) -> None:
    """Each new event of a batch takes effect with its inbox row; known ones are skipped."""
    first, second, third = an_event(), an_event(), an_event()
    consumer.receive(on_the_wire(first))

    assert handled(consumer, second, first, third, second)

    assert list(club.database.activity) == [e.message_id for e in (first, second, third)]
    assert {receipt.message_id for receipt in club.database.inbox} == set(club.database.activity)


def test_of_two_copies_in_a_batch_the_handler_sees_one(
    consume: Callable[[Subscriber[Any]], EventTask],
) -> None:
    """The handler gets one of two copies in a batch, and need not be idempotent."""
    seen: list[BookRegistered] = []
    subscriber = Subscriber[Any]("counter")

    @subscriber.on(BookRegistered)
    async def count(event: BookRegistered, _: AbstractUnitOfWork) -> None:
        seen.append(event)

    event, other = an_event(), an_event()

    assert handled(consume(subscriber), event, other, event)

    assert [e.message_id for e in seen] == [event.message_id, other.message_id]


def moody(*errors: Exception) -> Subscriber[Any]:
    """Return a subscriber that records events, and raises an error at every second one."""
    subscriber = Subscriber[Any]("moody")
    left, calls = list(errors), iter(range(1000))

    @subscriber.on(BookRegistered)
    async def record(event: BookRegistered, uow: AbstractUnitOfWork) -> None:
        await activity.handle(event, uow)
        if next(calls) % 2 and left:
            raise left.pop(0)

    return subscriber


def test_a_batch_with_a_failure_has_no_effect(
    consume: Callable[[Subscriber[Any]], EventTask], club: ConsumerFixture
) -> None:
    """A failing event splits its batch, which has no effect and counts no attempt."""
    consumer = consume(moody(ZeroDivisionError()))
    events = [an_event() for _ in range(4)]

    assert not handled(consumer, *events)

    assert dict(club.database.activity) == dict(club.database.inbox) == {}
    assert (club.letters, dict(club.database.attempts)) == ([], {})


@pytest.mark.parametrize("changes", [{"payload": "{"}, {"type": "book_burnt_v1"}])
def test_what_cannot_be_read_takes_its_batch_apart(
    consumer: EventTask, club: ConsumerFixture, changes: dict[str, str]
) -> None:
    """An unreadable message splits its batch, to be a dead letter when it is alone."""
    sound, broken = on_the_wire(an_event()), on_the_wire(an_event(), **changes)

    assert not consumer.receive_together([sound, broken])

    assert dict(club.database.activity) == {}


def test_an_outage_holds_a_batch(
    consume: Callable[[Subscriber[Any]], EventTask], club: ConsumerFixture
) -> None:
    """After an outage the batch is tried again as a whole, without counting."""
    consumer = consume(moody(*[StorageUnavailable("away")] * 3))
    events = [an_event() for _ in range(4)]

    assert handled(consumer, *events)

    assert len(club.database.activity) == 4
    assert len(club.waits) == 3
    assert (club.letters, dict(club.database.attempts)) == ([], {})


def test_a_worker_that_stops_gives_its_batch_back(
    consume: Callable[[Subscriber[Any]], EventTask], club: ConsumerFixture
) -> None:
    """A stop during an outage requeues the batch."""
    club.stop_after = 2
    consumer = consume(moody(*[StorageUnavailable("away")] * 10))

    with pytest.raises(Reject):
        handled(consumer, an_event(), an_event())

    assert dict(club.database.activity) == {}
