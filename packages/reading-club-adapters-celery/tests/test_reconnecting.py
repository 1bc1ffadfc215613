"""Pauses of a worker before it connects again."""

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
