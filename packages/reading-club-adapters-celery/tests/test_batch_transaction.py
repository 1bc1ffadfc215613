"""A batch takes effect as a whole, or is split."""

from collections.abc import Callable
from typing import Any

import pytest
from celery.exceptions import Reject

from reading_club.adapters.eventstream.testing import (
    ConsumerFixture,
    FailingSubscriber,
    on_the_wire,
)
from reading_club.adapters.eventstream.worker.event_task import EventTask
from reading_club.domain.messages import BookRegistered
from reading_club.eventstream.errors import StorageBusy, StorageUnavailable
from reading_club.eventstream.subscriber import Subscriber
from reading_club.service.projections import activity
from reading_club.service.uow import AbstractUnitOfWork
from reading_club.testing.builders import an_event


def handled(consumer: EventTask, *events: BookRegistered) -> bool:
    """Let the consumer receive the events as a batch."""
    return consumer.receive_batch([on_the_wire(event) for event in events])


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
    consume: Callable[[Subscriber[Any, Any]], EventTask],
) -> None:
    """The handler gets one of two copies in a batch, and need not be idempotent."""
    seen: list[BookRegistered] = []
    subscriber = Subscriber[Any, Any]("counter")

    @subscriber.on(BookRegistered)
    async def count(event: BookRegistered, _: AbstractUnitOfWork) -> None:
        seen.append(event)

    event, other = an_event(), an_event()

    assert handled(consume(subscriber), event, other, event)

    assert [e.message_id for e in seen] == [event.message_id, other.message_id]


def failing_at_every_second(*errors: Exception) -> Subscriber[Any, Any]:
    """Return a subscriber that records events, and raises an error at every second one."""
    subscriber = Subscriber[Any, Any]("failing")
    left, calls = list(errors), iter(range(1000))

    @subscriber.on(BookRegistered)
    async def record(event: BookRegistered, uow: AbstractUnitOfWork) -> None:
        await activity.handle(event, uow)
        if next(calls) % 2 and left:
            raise left.pop(0)

    return subscriber


def test_a_batch_with_a_failure_has_no_effect(
    consume: Callable[[Subscriber[Any, Any]], EventTask], club: ConsumerFixture
) -> None:
    """A failing event splits its batch, which has no effect and counts no attempt."""
    consumer = consume(failing_at_every_second(ZeroDivisionError()))
    events = [an_event() for _ in range(4)]

    assert not handled(consumer, *events)

    assert dict(club.database.activity) == dict(club.database.inbox) == {}
    assert (club.dead_letters, dict(club.database.attempts)) == ([], {})


@pytest.mark.parametrize("changes", [{"payload": "{"}, {"type": "book_burnt_v1"}])
def test_an_unreadable_message_splits_its_batch(
    consumer: EventTask, club: ConsumerFixture, changes: dict[str, str]
) -> None:
    """An unreadable message splits its batch, to be a dead letter when it is alone."""
    sound, broken = on_the_wire(an_event()), on_the_wire(an_event(), **changes)

    assert not consumer.receive_batch([sound, broken])

    assert dict(club.database.activity) == {}


def test_a_batch_is_held_during_an_outage(
    consume: Callable[[Subscriber[Any, Any]], EventTask], club: ConsumerFixture
) -> None:
    """After an outage the batch is tried again as a whole, without counting."""
    consumer = consume(failing_at_every_second(*[StorageUnavailable("away")] * 3))
    events = [an_event() for _ in range(4)]

    assert handled(consumer, *events)

    assert len(club.database.activity) == 4
    assert len(club.waits) == 3
    assert (club.dead_letters, dict(club.database.attempts)) == ([], {})


def test_a_batch_is_requeued_when_the_worker_stops(
    consume: Callable[[Subscriber[Any, Any]], EventTask], club: ConsumerFixture
) -> None:
    """A stop during an outage requeues the batch."""
    club.stop_after = 2
    consumer = consume(failing_at_every_second(*[StorageUnavailable("away")] * 10))

    with pytest.raises(Reject):
        handled(consumer, an_event(), an_event())

    assert dict(club.database.activity) == {}


def test_a_batch_is_deferred_after_a_long_outage(
    consume: Callable[[Subscriber[Any, Any]], EventTask], club: ConsumerFixture
) -> None:
    """Each event of the batch is deferred, and marked to be handled alone."""
    club.hold, club.hold_busy = 45.0, 10.0
    events = [an_event() for _ in range(3)]
    lost = FailingSubscriber(activity, forever=StorageUnavailable("lost"))

    assert handled(consume(lost), *events)

    assert {key.message_id for key in club.database.outbox} == {e.message_id for e in events}
    assert all(row.attempted for row in club.database.outbox.values())
    assert 45.0 <= sum(club.waits) < 50.0
    assert dict(club.database.activity) == {}


def test_a_batch_is_split_if_the_database_is_busy(
    consume: Callable[[Subscriber[Any, Any]], EventTask], club: ConsumerFixture
) -> None:
    """A batch is split after three busy attempts: one slow handler does not delay the others."""
    club.hold, club.hold_busy = 45.0, 10.0
    busy = FailingSubscriber(activity, forever=StorageBusy("busy"))

    assert not handled(consume(busy), an_event(), an_event())

    assert len(club.waits) == 2
    assert dict(club.database.outbox) == {}
