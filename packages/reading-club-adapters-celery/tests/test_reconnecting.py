"""Pauses of a worker before it connects again."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any
from unittest.mock import MagicMock, Mock

import pytest
from celery.exceptions import WorkerShutdown

from reading_club.adapters.eventstream import _celery_worker
from reading_club.adapters.eventstream.app import worker_app
from reading_club.adapters.eventstream.worker.consumer import EventConsumer
from reading_club.service.projections import activity


class UnconnectedConsumer:
    """A worker's consumer that cannot connect, with a simulated clock."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr(_celery_worker, "time", self)
        monkeypatch.setattr(_celery_worker, "maybe_shutdown", lambda: None)
        self.consumer: Any = EventConsumer.__new__(EventConsumer)
        self.consumer.app = worker_app("memory://", activity)
        self.consumer.app.on_turn = lambda: self.turns.append(self.now)
        self.consumer.hub = Mock()
        self.turns = list[float]()
        for when in ("before", "after"):
            celerys = f"on_connection_error_{when}_connected"
            monkeypatch.setattr(EventConsumer.__mro__[2], celerys, Mock())

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
def test_pauses_between_refused_connections_grow(
    monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """Pauses grow to 30 s; after a successful connection they start over."""
    connecting = UnconnectedConsumer(monkeypatch)

    pauses = [connecting.refuse(when) for _ in range(20)]
    connecting.consumer._delays = None
    again = connecting.refuse(when)

    assert sum(pauses[:8]) > 6
    assert max(pauses) <= 30.0 < sum(pauses[-3:])
    assert again < 0.5


def test_an_outage_of_the_broker_is_no_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the longest pause between two connections the worker says each second that it goes on."""
    connecting = UnconnectedConsumer(monkeypatch)

    while connecting.now < 400:
        connecting.refuse("after")

    turns = connecting.turns
    assert max(after - before for before, after in pairwise(turns)) <= 1.0


def test_a_broker_that_takes_no_connection_is_no_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    """While Celery waits for it, each second is a turn, and a stop ends the wait."""
    connecting = UnconnectedConsumer(monkeypatch)
    connecting.consumer.first_connection_attempt = False

    class Connection:
        def ensure_connection(
            self, _: object, __: object, callback: Callable[[], None]
        ) -> "Connection":
            for _ in range(3):
                callback()
                connecting.now += 1
            return self

    connected = connecting.consumer.ensure_connected(Connection())

    assert isinstance(connected, Connection)
    assert connecting.turns == [0, 1, 2]
    monkeypatch.setattr(_celery_worker, "maybe_shutdown", Mock(side_effect=SystemExit))
    with pytest.raises(SystemExit):
        connecting.consumer.ensure_connected(Connection())


def test_a_worker_without_an_event_loop_reports_no_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """It could not report the next one: Celery's blocking loop has no callback."""
    connecting = UnconnectedConsumer(monkeypatch)
    connecting.consumer.hub = None

    connecting.refuse("after")

    assert connecting.turns == []


def test_a_stop_ends_a_pause(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A stop ends a pause within a second."""
    connecting = UnconnectedConsumer(monkeypatch)
    for _ in range(20):
        connecting.refuse("before")
    monkeypatch.setattr(_celery_worker, "maybe_shutdown", Mock(side_effect=[None, SystemExit]))
    start = connecting.now

    with pytest.raises(SystemExit):
        connecting.refuse("before")

    assert connecting.now - start < 1.0


def test_pauses_start_over_when_the_worker_consumes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that consumes again starts over with the shortest pause."""
    connecting = UnconnectedConsumer(monkeypatch)
    consumer = connecting.consumer
    consumer.app = MagicMock()
    connecting.refuse("before")

    consumer.create_task_handler()

    assert consumer._delays is None


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")  # Celery 6 cancels late acks
@pytest.mark.parametrize("connected", [True, False])
def test_celery_asks_for_a_pause_before_it_connects_again(
    monkeypatch: pytest.MonkeyPatch, *, connected: bool
) -> None:
    """A worker pauses before each attempt to connect, until it is asked to stop."""
    app = worker_app("amqp://broker", activity)
    consumer: Any = EventConsumer(
        Mock(), app=app, pool=Mock(is_green=False, num_processes=1), controller=Mock()
    )
    consumer.connection = Mock() if connected else None
    monkeypatch.setattr(consumer.blueprint, "start", Mock(side_effect=ConnectionRefusedError))
    monkeypatch.setattr(consumer.blueprint, "restart", Mock())
    monkeypatch.setattr(consumer, "on_close", Mock())
    pause = Mock(side_effect=[None, WorkerShutdown])
    monkeypatch.setattr(consumer, "_pause", pause)

    with pytest.raises(WorkerShutdown):
        consumer.start()

    assert pause.call_count == 2
    app.close()
