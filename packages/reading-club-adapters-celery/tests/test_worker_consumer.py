"""The worker's consumer: startup steps, a bounded stop, and pauses before reconnecting."""

import socket
from typing import Any
from unittest.mock import Mock

import pytest
from celery.worker.consumer.tasks import Tasks

from reading_club.adapters.eventstream.app import worker_app
from reading_club.adapters.eventstream.worker import consumer as guard
from reading_club.adapters.eventstream.worker.consumer import EventConsumer
from reading_club.service.projections import activity

DELAYS = "celery.worker.consumer.delayed_delivery.DelayedDelivery"


def test_a_worker_makes_no_queues_for_delays() -> None:
    """Celery's step that declares 28 delay queues is left out."""
    blueprint: Any = EventConsumer.Blueprint()

    steps = blueprint.claim_steps()

    assert DELAYS not in steps
    assert "celery.worker.consumer.tasks.Tasks" in steps


def test_nothing_else_is_taken_from_a_worker() -> None:
    """All other startup steps of Celery are kept."""
    celerys: Any = EventConsumer.__mro__[1]

    missing = set(celerys.Blueprint.default_steps) - set(EventConsumer.Blueprint.default_steps)

    assert len(missing) == 1


def test_a_worker_limits_each_consumer() -> None:
    """The prefetch limit is per consumer: quorum queues refuse a limit per channel."""
    consumer = Mock(app=worker_app("amqp://broker", activity))
    consumer.connection.transport.driver_type = "amqp"
    consumer.connection.qos_semantics_matches_spec = False
    anything: Any = Tasks

    assert anything(consumer).qos_global(consumer) is False


@pytest.mark.parametrize("goodbye", ["stop", "shutdown"])
def test_a_broker_that_does_not_answer_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, goodbye: str
) -> None:
    """A worker stops in time, though its connection is open and silent."""
    monkeypatch.setattr(guard, "_GOODBYE", 0.05)
    ours, theirs = socket.socketpair()
    consumer: Any = EventConsumer.__new__(EventConsumer)
    consumer.perform_pending_operations = Mock()
    consumer.connection = Mock(connected=True, connection=Mock(sock=ours))
    consumer.blueprint = Mock(**{f"{goodbye}.side_effect": lambda _: ours.recv(1)})

    with ours, theirs:
        getattr(consumer, goodbye)()

    getattr(consumer.blueprint, goodbye).assert_called_once_with(consumer)


def test_a_worker_that_lost_its_connection_stops_as_well() -> None:
    """Without a connection there is no socket to shut down, and no error."""
    consumer: Any = EventConsumer.__new__(EventConsumer)

    for connection in (None, Mock(connected=False), Mock(connected=True, connection=Mock(spec=[]))):
        consumer.connection = connection
        consumer._cut()


class Connecting:
    """A worker's consumer that cannot connect, with a simulated clock."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr(guard, "time", self)
        monkeypatch.setattr(guard, "maybe_shutdown", lambda: None)
        self.consumer: Any = EventConsumer.__new__(EventConsumer)
        for when in ("before", "after"):
            celerys = f"on_connection_error_{when}_connected"
            monkeypatch.setattr(EventConsumer.__mro__[1], celerys, Mock())

    def monotonic(self) -> float:
        """Return the simulated time in seconds."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Advance the clock."""
        self.now += seconds

    def refuse(self, when: str) -> float:
        """Let the broker refuse the worker; return the seconds until the next attempt."""
        start = self.now
        getattr(self.consumer, f"on_connection_error_{when}_connected")(ConnectionError("refused"))
        return self.now - start


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_broker_that_refuses_the_worker_is_asked_less_and_less_often(
    monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """Pauses grow to 30 s; after a successful connection they start over."""
    connecting = Connecting(monkeypatch)

    pauses = [connecting.refuse(when) for _ in range(20)]
    connecting.consumer._delays = None
    again = connecting.refuse(when)

    assert sum(pauses[:8]) > 6
    assert max(pauses) <= 30.0 < sum(pauses[-3:])
    assert again < 0.5


def test_a_worker_that_is_refused_stops_when_it_is_asked_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A stop ends a pause within a second."""
    connecting = Connecting(monkeypatch)
    for _ in range(20):
        connecting.refuse("before")
    monkeypatch.setattr(guard, "maybe_shutdown", Mock(side_effect=[None, SystemExit]))
    start = connecting.now

    with pytest.raises(SystemExit):
        connecting.refuse("before")

    assert connecting.now - start < 1.0


def test_a_worker_that_receives_again_has_no_pause_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that consumes again starts over with the shortest pause."""
    connecting = Connecting(monkeypatch)
    monkeypatch.setattr(EventConsumer.__mro__[1], "create_task_handler", Mock())
    consumer = connecting.consumer
    consumer.app = Mock(tasks={})
    connecting.refuse("before")

    consumer.create_task_handler()

    assert consumer._delays is None
