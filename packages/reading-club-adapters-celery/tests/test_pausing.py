"""The pause of a subscriber, as its worker reads it."""

import logging
from collections.abc import Iterator
from typing import Any
from unittest.mock import Mock

import pytest

from reading_club.adapters.eventstream._celery_worker import WorkerConsumer
from reading_club.adapters.eventstream.app import worker_app
from reading_club.adapters.eventstream.event_loop_thread import EventLoopThread
from reading_club.adapters.eventstream.testing import ConsumerFixture
from reading_club.adapters.eventstream.worker.consumer import EventConsumer
from reading_club.adapters.eventstream.worker.event_task import EventTask
from reading_club.adapters.eventstream.worker.pausing import PauseWatcher
from reading_club.eventstream.errors import StorageUnavailable
from reading_club.eventstream.pauses import pause_subscriber, resume_subscriber
from reading_club.eventstream.unit_of_work import UnitOfWorkFactory
from reading_club.service.projections import activity
from reading_club.testing.polling import eventually


class Watching:
    """A watcher that polls without a pause, and the database that it reads."""

    def __init__(self, club: ConsumerFixture) -> None:
        self.database = club.database
        self.loop: EventLoopThread[UnitOfWorkFactory] = EventLoopThread(club.resources)
        self.watcher = PauseWatcher("activity", self.loop, interval=0.001)
        self.polls = 0
        self.watcher.on_poll = self._count

    def is_paused(self) -> bool:
        """Whether the watcher says that the subscriber is paused."""
        return self.watcher.is_paused

    def _count(self) -> None:
        self.polls += 1

    def pause(self, name: str) -> None:
        """Pause a subscriber."""
        self.loop.run(lambda make_uow: pause_subscriber(name, make_uow))

    def resume(self, name: str) -> None:
        """Resume a subscriber."""
        self.loop.run(lambda make_uow: resume_subscriber(name, make_uow))

    def poll_again(self) -> None:
        """Wait until a poll has begun and ended."""
        polls = self.polls
        eventually(lambda: self.polls >= polls + 2)


@pytest.fixture
def watching(club: ConsumerFixture) -> Iterator[Watching]:
    """A watcher that is not started."""
    watching = Watching(club)
    yield watching
    watching.loop.close()


def test_a_worker_knows_of_a_pause_when_it_starts(watching: Watching) -> None:
    """The start waits for the answer: a paused subscriber consumes nothing."""
    watching.pause("activity")

    watching.watcher.start()

    assert watching.is_paused()


def test_a_pause_is_noticed_while_the_worker_runs(
    watching: Watching, caplog: pytest.LogCaptureFixture
) -> None:
    """So is its end; each is logged once, and a pause of another subscriber is none."""
    caplog.set_level(logging.INFO)
    watching.watcher.start()
    watching.pause("catalogue")
    watching.poll_again()
    assert not watching.is_paused()

    watching.pause("activity")
    watching.poll_again()
    assert watching.is_paused()
    watching.resume("activity")
    watching.poll_again()
    assert not watching.is_paused()

    logged = [each.getMessage() for each in caplog.records]
    assert logged == [
        "activity is paused: its worker consumes nothing",
        "activity is resumed",
    ]


def test_an_unavailable_database_changes_nothing(
    watching: Watching, caplog: pytest.LogCaptureFixture
) -> None:
    """The last answer holds, and the failure is logged once."""
    watching.pause("activity")
    watching.watcher.start()
    watching.database.error = StorageUnavailable("away")
    watching.poll_again()

    assert watching.is_paused()
    assert [each.getMessage() for each in caplog.records if each.levelname == "WARNING"] == [
        "not known whether the subscriber is paused"
    ]
    watching.database.error = None


def test_the_watch_survives_a_database_that_is_away_at_the_start(
    watching: Watching, club: ConsumerFixture
) -> None:
    """A worker that cannot ask consumes, and obeys as soon as the database says so."""
    club.opening = [StorageUnavailable("away")]

    watching.watcher.start()
    assert not watching.is_paused()
    watching.pause("activity")

    eventually(watching.is_paused)


@pytest.fixture
def paused(consumer: EventTask) -> Iterator[Any]:
    """A worker's consumer with a connection in memory, whose subscriber is paused."""
    app = worker_app("memory://", activity)
    consumer.register(app)
    consumer.pause.is_paused = True
    worker: Any = EventConsumer(
        Mock(), app=app, pool=Mock(is_green=False, num_processes=1), controller=Mock()
    )
    anything: Any = app
    with app.connection_for_read() as connection:
        worker.task_consumer = anything.amqp.TaskConsumer(connection)
        worker.connection = connection
        yield worker
    app.close()


def test_a_paused_worker_consumes_nothing_from_its_start(paused: Any) -> None:
    """Its queue is declared, and Celery's start of the consumer starts nothing."""
    paused.task_consumer.on_message = paused.create_task_handler()

    paused.task_consumer.consume()

    assert not paused.task_consumer.channel._consumers
    assert "eventstream.activity" in paused.task_consumer.channel.queues


def test_a_worker_that_reconnects_while_paused_stays_paused(paused: Any) -> None:
    """Each connection asks for the pause; and the end of the pause starts the latest consumer."""
    paused.create_task_handler()
    first, anything = paused.task_consumer, paused.app
    paused.task_consumer = anything.amqp.TaskConsumer(paused.connection)
    paused.create_task_handler()
    paused.task_consumer.consume()
    assert not paused.task_consumer.channel._consumers

    paused._events.pause.is_paused = False
    paused._consumption.obey_pause()

    assert paused.task_consumer.consuming_from("eventstream.activity")
    assert not first.queues


def test_a_pause_is_applied_in_the_workers_thread(paused: Any) -> None:
    """A poll, on another thread, only notes the call; the worker's thread makes it."""
    paused.create_task_handler()
    paused._events.pause.is_paused = False

    paused._events.pause.on_poll()
    assert not paused.task_consumer.consuming_from("eventstream.activity")
    paused.perform_pending_operations()

    assert paused.task_consumer.consuming_from("eventstream.activity")


def test_a_worker_without_a_connection_obeys(paused: Any) -> None:
    """There is nothing to cancel or to start."""
    paused.task_consumer = None

    WorkerConsumer.consume_nothing(paused)
    WorkerConsumer.consume_again(paused)
