"""The worker's consumer: startup steps, threads, and a bounded stop."""

import socket
import threading
from collections.abc import Callable
from queue import Queue
from typing import Any
from unittest.mock import Mock

import pytest
from celery.concurrency.thread import TaskPool
from celery.utils import timer2
from celery.worker.consumer.tasks import Tasks
from kombu.asynchronous import Hub

from reading_club.adapters.eventstream import _celery_worker
from reading_club.adapters.eventstream.app import worker_app
from reading_club.adapters.eventstream.worker.consumer import EventConsumer
from reading_club.service.projections import activity

DELAYS = "celery.worker.consumer.delayed_delivery.DelayedDelivery"


def test_a_worker_makes_no_queues_for_delays() -> None:
    """Celery's step that declares 28 delay queues is left out."""
    blueprint: Any = EventConsumer.Blueprint()

    steps = blueprint.claim_steps()

    assert DELAYS not in steps
    assert "celery.worker.consumer.tasks.Tasks" in steps


def test_all_other_startup_steps_are_kept() -> None:
    """All other startup steps of Celery are kept."""
    celerys: Any = EventConsumer.__mro__[2]

    missing = set(celerys.Blueprint.default_steps) - set(EventConsumer.Blueprint.default_steps)

    assert len(missing) == 1


def test_a_worker_limits_each_consumer() -> None:
    """The prefetch limit is per consumer: quorum queues refuse a limit per channel."""
    consumer = Mock(app=worker_app("amqp://broker", activity))
    consumer.connection.transport.driver_type = "amqp"
    consumer.connection.qos_semantics_matches_spec = False
    anything: Any = Tasks

    assert anything(consumer).qos_global(consumer) is False


@pytest.mark.parametrize("ending", ["stop", "shutdown"])
def test_a_broker_that_does_not_answer_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    """A worker stops in time, though its connection is open and silent."""
    monkeypatch.setattr(_celery_worker, "_STOP_TIMEOUT", 0.05)
    ours, theirs = socket.socketpair()
    consumer: Any = EventConsumer.__new__(EventConsumer)
    consumer.perform_pending_operations = Mock()
    consumer.connection = Mock(connected=True, connection=Mock(sock=ours))
    consumer.blueprint = Mock(**{f"{ending}.side_effect": lambda _: ours.recv(1)})

    with ours, theirs:
        getattr(consumer, ending)()

    getattr(consumer.blueprint, ending).assert_called_once_with(consumer)


def test_a_worker_that_lost_its_connection_stops_as_well() -> None:
    """Without a connection there is no socket to shut down, and no error."""
    consumer: Any = EventConsumer.__new__(EventConsumer)

    for connection in (None, Mock(connected=False), Mock(connected=True, connection=Mock(spec=[]))):
        consumer.connection = connection
        consumer._cut()


class RecordingHub:
    """An event loop that records the intervals of repeated calls, and calls back once."""

    def __init__(self) -> None:
        self.intervals: list[float] = []

    def call_repeatedly(self, seconds: float, callback: Callable[[], None]) -> None:
        """Record the interval, and call the callback."""
        self.intervals.append(seconds)
        callback()


def test_an_event_loop_wakes_each_second() -> None:
    """The first connection schedules the wake-up; later ones and workers without a loop do not."""
    assert callable(Hub.call_repeatedly)
    consumer: Any = EventConsumer.__new__(EventConsumer)
    consumer.app = worker_app("memory://", activity)
    consumer.app.on_turn = (turn := Mock())
    consumer.hub, consumer.init_callback = RecordingHub(), (ready := Mock())

    consumer.on_ready()
    consumer.on_ready()

    assert consumer.hub.intervals == [1.0]
    turn.assert_called_once_with()
    ready.assert_called_once_with(consumer)
    consumer.hub, consumer.init_callback = None, ready
    consumer.on_ready()


def test_celery_has_what_batches_need() -> None:
    """Work runs in a thread of the pool; an acknowledgement runs where Celery acknowledges."""
    consumer: Any = EventConsumer.__new__(EventConsumer)
    consumer.hub, consumer.pool = None, TaskPool(1)
    results: Queue[tuple[str, int]] = Queue()

    def report(name: str) -> None:
        results.put((name, threading.get_ident()))

    consumer.pool.start()
    consumer.run_in_pool(report, "batch")
    name, thread = results.get(timeout=10)
    consumer.pool.stop()
    consumer.call_soon_ack(report, "ack")

    assert name == "batch"
    assert thread != threading.get_ident()
    assert results.get_nowait() == ("ack", threading.get_ident())


def test_celery_has_what_a_rest_needs() -> None:
    """Without an event loop, it is a thread of Celery's timer that calls later."""
    consumer: Any = EventConsumer.__new__(EventConsumer)
    consumer.hub, consumer.timer = None, timer2.Timer()
    called = threading.Event()

    consumer.call_later(0.001, called.set)

    assert called.wait(10)
    consumer.timer.stop()


def test_an_event_loop_calls_later_by_its_own_timer() -> None:
    """Workers that share a loop have a timer each, which it does not look at."""
    consumer: Any = EventConsumer.__new__(EventConsumer)
    consumer.hub, consumer.timer = Hub(), Mock()
    called = Mock()

    consumer.call_later(0.0, called)
    consumer.hub.fire_timers()

    assert called.call_count == 1
