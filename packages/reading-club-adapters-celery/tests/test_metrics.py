"""What a worker and a publisher tell their metrics."""

from collections.abc import Callable
from typing import Any
from unittest.mock import Mock

import pytest
from celery import Celery

from reading_club.adapters.eventstream.app import worker_app
from reading_club.adapters.eventstream.publisher.publisher import BatchPublisher
from reading_club.adapters.eventstream.testing import (
    ConsumerFixture,
    FailingSubscriber,
    ProcessKilled,
    on_the_wire,
    outgoing,
)
from reading_club.adapters.eventstream.worker.consumer import EventConsumer
from reading_club.adapters.eventstream.worker.event_task import EventTask
from reading_club.domain.messages import BookRegistered
from reading_club.eventstream.errors import StorageUnavailable
from reading_club.eventstream.subscriber import Subscriber
from reading_club.service.projections import activity
from reading_club.testing.builders import an_event
from reading_club.testing.recording_metrics import RecordingMetrics

Consume = Callable[[Subscriber[Any, Any]], EventTask]
TYPE = "book_registered_v1"


def test_events_and_their_copies_are_counted(
    consumer: EventTask, metrics: RecordingMetrics
) -> None:
    """Alone or in a batch: those that took effect, and copies that had no effect."""
    first, second = an_event(), an_event()
    consumer.receive(on_the_wire(first))
    consumer.receive(on_the_wire(first))

    consumer.receive_batch([on_the_wire(event) for event in (second, first, second)])

    assert metrics.counts == {("handled", "activity"): 2, ("duplicates", "activity"): 3}
    assert [e.message_id for e in metrics.events] == [first.message_id, second.message_id]


def test_failed_attempts_and_a_dead_letter_are_counted(
    consume: Consume, metrics: RecordingMetrics
) -> None:
    """Each attempt counts, with the type of the event, and the message that is given up."""
    consume(FailingSubscriber(activity, forever=ValueError("a bug"))).receive(
        on_the_wire(an_event())
    )

    name = "failing"
    assert metrics.counts == {
        ("attempt_failed", name, TYPE): 5,
        ("dead_lettered", name, TYPE): 1,
    }


def test_a_message_that_is_no_event_is_counted_as_a_dead_letter(
    consumer: EventTask, metrics: RecordingMetrics
) -> None:
    """Without a type its text is empty."""
    consumer.receive({"id": "no envelope"})
    consumer.refuse("not even JSON", ValueError("malformed"))

    assert metrics.counts == {("dead_lettered", "activity", ""): 2}


def away() -> Subscriber[Any, Any]:
    """Return a subscriber whose database is away."""
    subscriber = Subscriber[Any, Any]("away")

    @subscriber.on(BookRegistered)
    async def fail(_: BookRegistered, __: object) -> None:
        raise StorageUnavailable("away")

    return subscriber


def test_deferred_messages_are_counted(
    consume: Consume, club: ConsumerFixture, metrics: RecordingMetrics
) -> None:
    """A message alone, and each message of a batch."""
    club.hold = 10.0
    consume(away()).receive(on_the_wire(an_event()))
    consume(away()).receive_batch([on_the_wire(an_event()) for _ in range(3)])

    assert metrics.counts == {("deferred", "away"): 4}


def test_a_suspect_that_comes_too_early_is_counted_as_deferred(
    consume: Consume, metrics: RecordingMetrics
) -> None:
    """The redelivery of a message that has killed its worker waits for the next attempt."""
    failing, message = FailingSubscriber(activity, forever=ProcessKilled()), on_the_wire(an_event())
    with pytest.raises(ProcessKilled):
        consume(failing).receive(message, suspected=True)

    consume(failing).receive(message, suspected=True)

    assert metrics.counts == {("deferred", "failing"): 1}


def test_a_publisher_counts_its_connections(memory_app: Celery) -> None:
    """One that was opened and lost, and the next one."""
    metrics = RecordingMetrics()
    publisher = BatchPublisher(memory_app, metrics=metrics)
    publisher.publish([outgoing(subscriber="first")])
    publisher.close()
    publisher.close()
    publisher.publish([outgoing(subscriber="first")])

    assert metrics.counts == {("connection_opened",): 2, ("connection_lost",): 1}
    publisher.close()


def test_a_worker_counts_its_connections(consumer: EventTask, metrics: RecordingMetrics) -> None:
    """One that consumes, and one that is lost; a refused connection is neither."""
    app = worker_app("memory://", activity)
    consumer.register(app)
    worker: Any = EventConsumer(
        Mock(), app=app, pool=Mock(is_green=False, num_processes=1), controller=Mock()
    )
    worker.connection_lost()
    worker.start_consuming()
    worker.connection_lost()

    assert metrics.counts == {("connection_opened",): 1, ("connection_lost",): 1}
    app.close()
