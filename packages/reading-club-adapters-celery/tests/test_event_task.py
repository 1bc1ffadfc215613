"""Consuming a message: its effect, duplicates, outages and a stop."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import Any

import pytest
from celery import Celery, signals
from celery.exceptions import Reject

from reading_club.adapters.eventstream.app import worker_app
from reading_club.adapters.eventstream.testing import ConsumerFixture, on_the_wire
from reading_club.adapters.eventstream.worker.event_task import EventTask
from reading_club.domain.messages import EVENTS, BookRegistered, ClubEvent
from reading_club.eventstream.errors import StorageUnavailable, WriteConflict
from reading_club.eventstream.subscriber import Subscriber
from reading_club.eventstream.wire import EventRegistry
from reading_club.service.projections import activity
from reading_club.service.uow import AbstractUnitOfWork
from reading_club.testing.builders import a_reviewer, an_event


def failing(*errors: Exception) -> Subscriber[Any, Any]:
    """Return a subscriber that records events, and raises these errors first."""
    subscriber = Subscriber[Any, Any]("failing")
    left = list(errors)

    @subscriber.on(BookRegistered)
    async def record(event: BookRegistered, uow: AbstractUnitOfWork) -> None:
        await activity.handle(event, uow)
        if left:
            raise left.pop(0)

    return subscriber


def test_a_message_takes_effect(consumer: EventTask, club: ConsumerFixture) -> None:
    """The handler's writes are committed."""
    event = an_event()

    consumer.receive(on_the_wire(event))

    assert list(club.database.activity) == [event.message_id]
    assert club.dead_letters == []


def test_a_message_takes_effect_once(consumer: EventTask, club: ConsumerFixture) -> None:
    """However often a message is delivered, its inbox row lets it take effect once."""
    event = an_event()

    for redelivered in (False, True, False):
        consumer.receive(on_the_wire(event), suspected=redelivered)

    assert list(club.database.activity) == [event.message_id]
    assert list(club.database.inbox) == [("activity", event.message_id)]
    assert dict(club.database.attempts) == {}
    assert (club.dead_letters, club.waits) == ([], [])


def test_a_duplicate_does_not_reach_the_handler(
    consume: Callable[[Subscriber[Any, Any]], EventTask],
) -> None:
    """The inbox row is inserted before the handler is called, which need not be idempotent."""
    handled: list[ClubEvent] = []
    subscriber = Subscriber[Any, Any]("counter")

    @subscriber.on(BookRegistered)
    async def count(event: BookRegistered, _: AbstractUnitOfWork) -> None:
        handled.append(event)

    event = an_event()
    for _ in range(3):
        consume(subscriber).receive(on_the_wire(event))

    assert handled == [event]


def test_a_message_without_a_handler_is_parked(
    consume: Callable[[Subscriber[Any, Any]], EventTask], club: ConsumerFixture
) -> None:
    """A known type without a handler is parked, to be sent again to a release that has one."""
    (event,) = a_reviewer().messages
    assert isinstance(event, ClubEvent)

    consume(failing()).receive(on_the_wire(event))

    (letter,) = club.dead_letters
    assert (letter.parked, letter.attempts, letter.can_be_sent) == (True, 0, True)
    assert dict(club.database.inbox) == {}


def test_an_outage_is_not_counted(
    consume: Callable[[Subscriber[Any, Any]], EventTask], club: ConsumerFixture
) -> None:
    """The message takes effect once when the database is back, and is no dead letter."""
    away = [StorageUnavailable("away"), WriteConflict("busy"), *[StorageUnavailable("away")] * 48]
    event = an_event()

    consume(failing(*away)).receive(on_the_wire(event))

    assert list(club.database.activity) == [event.message_id]
    assert club.dead_letters == []
    assert club.waits[:5] == [1, 2, 4, 4, 4]
    assert len(club.waits) == 50


def test_a_message_is_held_until_the_resources_open(
    consumer: EventTask, club: ConsumerFixture
) -> None:
    """If the resources do not open, the message is held and opening is tried again."""
    club.opening = [StorageUnavailable("away"), ValueError("wrong URL")]
    event = an_event()

    consumer.receive(on_the_wire(event))

    assert list(club.database.activity) == [event.message_id]
    assert len(club.waits) == 2


def test_a_message_is_requeued_when_the_worker_stops(
    consume: Callable[[Subscriber[Any, Any]], EventTask], club: ConsumerFixture
) -> None:
    """A stop during an outage requeues the message."""
    club.stop_after = 3
    consumer = consume(failing(*[StorageUnavailable("away")] * 10))

    with pytest.raises(Reject) as caught:
        consumer.receive(on_the_wire(an_event()))

    assert vars(caught.value)["requeue"] is True
    assert len(club.waits) == 3
    assert (dict(club.database.activity), club.dead_letters) == ({}, [])


def test_the_task_takes_one_keyword(consumer: EventTask, club: ConsumerFixture) -> None:
    """The task takes the keyword ``message``, and is acknowledged late."""
    app = worker_app("memory://", activity)
    consumer.register(app)
    task = app.tasks["send_message"]
    event = an_event()

    task(message=on_the_wire(event))

    assert task.acks_late
    assert task.ignore_result
    assert list(club.database.activity) == [event.message_id]
    app.close()


@pytest.fixture
def registered(club: ConsumerFixture, memory_app: Celery) -> Iterator[EventTask]:
    """A task whose waits end when Celery asks the worker to stop."""
    task = EventTask(activity, EventRegistry(EVENTS), club.resources)
    task.register(memory_app)
    yield task
    task.close()


def test_a_wait_without_a_stop_returns_false(registered: EventTask) -> None:
    """Without a stop the wait ends after its time and returns False."""
    start = monotonic()

    assert registered._wait(0.01) is False
    assert 0.01 <= monotonic() - start < 5


def test_a_stop_of_the_worker_ends_every_wait(registered: EventTask) -> None:
    """Celery's shutdown signal ends all current and later waits within a moment."""
    with ThreadPoolExecutor(3) as pool:
        waiting = [pool.submit(registered._wait, 30) for _ in range(3)]
        start = monotonic()

        for _ in range(2):
            signals.worker_shutting_down.send(sender="worker")

        assert [wait.result() for wait in waiting] == [True] * 3
    assert registered._wait(30) is True
    assert monotonic() - start < 5
