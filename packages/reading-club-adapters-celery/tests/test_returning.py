"""What a worker gives back at a pause or a stop is recorded before."""

from collections.abc import Iterator
from concurrent.futures import Future
from unittest.mock import Mock

import pytest

from reading_club.adapters.eventstream.testing import ConsumerFixture
from reading_club.adapters.eventstream.testing.receiving import (
    Receiving,
    Worker,
    a_message,
    key,
)
from reading_club.adapters.eventstream.worker import consumption
from reading_club.adapters.eventstream.worker.batching import Batcher
from reading_club.adapters.eventstream.worker.event_task import EventTask
from reading_club.eventstream.errors import StorageUnavailable


@pytest.fixture
def worker(club: ConsumerFixture) -> Worker:
    """A worker that consumes."""
    return Worker(club)


@pytest.fixture
def receiving(consumer: EventTask, worker: Worker) -> Iterator[Receiving]:
    """A consumption that is not paused."""
    yield Receiving(consumer, worker)
    consumer.close()


def test_what_waits_is_recorded_before_it_returns(receiving: Receiving) -> None:
    """At a pause the consumer is cancelled, and a waiting message is recorded and requeued."""
    event = receiving.waits()
    receiving.task.pause.is_paused = True

    receiving.obey_pause()

    assert not receiving.worker.consumes
    assert receiving.worker.recorded == {event: True}


def test_what_arrives_late_returns_as_well(receiving: Receiving) -> None:
    """A message on its way during the cancellation begins no batch; the next poll returns it."""
    receiving.task.pause.is_paused = True
    receiving.obey_pause()
    event = receiving.waits()

    receiving.obey_pause()

    assert receiving.worker.recorded == {event: True}
    assert receiving.worker.run_in_pool.call_count == 2  # the batches that had begun


def test_an_idle_worker_that_is_paused_begins_no_batch(worker: Worker) -> None:
    """A message that it receives waits, and is handled at the end of the pause."""
    batcher = Batcher(worker, Mock(), Mock())
    batcher.hold()
    batcher.add(a_message())
    assert worker.run_in_pool.call_count == 0

    batcher.release()

    assert worker.run_in_pool.call_count == 1


def test_what_is_suspected_returns_as_a_suspect(receiving: Receiving) -> None:
    """A suspected message is requeued without a record: the next worker counts its attempts."""
    event = receiving.waits(receiving.suspected)
    receiving.task.pause.is_paused = True

    receiving.obey_pause()

    assert receiving.worker.recorded == {event: False}


def test_nothing_returns_without_a_record(receiving: Receiving, club: ConsumerFixture) -> None:
    """While the database is away messages wait in the worker, and return when it answers."""
    event = receiving.waits()
    receiving.task.pause.is_paused = True
    club.database.error = StorageUnavailable("away")
    receiving.obey_pause()
    assert receiving.worker.recorded == {}
    club.database.error = None

    receiving.obey_pause()

    assert receiving.worker.recorded == {event: True}


def test_a_resumed_worker_goes_on(receiving: Receiving) -> None:
    """At the end of a pause the worker consumes again, and begins batches; a stop ends that."""
    receiving.task.pause.is_paused = True
    receiving.obey_pause()
    receiving.task.pause.is_paused = False
    receiving.obey_pause()
    assert receiving.worker.consumes
    event = receiving.waits()
    receiving.consumption.stop()
    receiving.task.pause.is_paused = True

    receiving.obey_pause()

    assert receiving.worker.consumes
    assert receiving.worker.recorded == {event: True}


def test_a_stopping_worker_returns_what_waits(receiving: Receiving) -> None:
    """Waiting messages are recorded and requeued, also those that are being looked up."""
    events = {receiving.waits(), (message := a_message()).id}
    receiving.redeliveries.sort(message)

    receiving.consumption.stop()

    assert receiving.worker.recorded.keys() >= events - {message.id}
    assert receiving.worker.recorded == {event: event != message.id for event in events}


def test_a_stop_does_not_wait_for_a_database_that_is_away(
    receiving: Receiving, club: ConsumerFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without an answer in time nothing returns: the broker redelivers it as after a crash."""
    monkeypatch.setattr(consumption, "STOP_TIMEOUT", 0.05)
    receiving.waits()
    monkeypatch.setattr(receiving.task.returned, "record", Mock(return_value=Future()))

    receiving.consumption.stop()

    assert receiving.worker.recorded == {}
    assert dict(club.database.returned) == {}


def test_a_broker_that_is_away_is_not_asked_for_each_message(receiving: Receiving) -> None:
    """A stop gives up at the first message that the broker does not take back."""
    requeue = receiving.worker.requeue = Mock()  # type: ignore[method-assign]  # the broker is away
    receiving.waits()
    receiving.waits()

    receiving.consumption.stop()

    assert requeue.call_count == 1


def test_a_frozen_broker_is_not_waited_for(receiving: Receiving, club: ConsumerFixture) -> None:
    """What waits is recorded, and left to the broker: it redelivers that, and it is no suspect."""
    event = receiving.waits()

    receiving.consumption.stop(broker_answers=False)

    assert receiving.worker.recorded == {}
    assert key(event) in club.database.returned


def test_messages_of_a_lost_connection_are_left_to_the_broker(receiving: Receiving) -> None:
    """After a reconnection they are neither requeued nor handled."""
    receiving.waits()
    receiving.task.pause.is_paused = True
    receiving.consumption.obey_pause()
    receiving.consumption.abandon()

    receiving.obey_pause()

    assert receiving.worker.recorded == {}
