"""Back-off, and the stop signal."""

import threading
from collections.abc import Iterator
from itertools import islice
from time import monotonic

import pytest

from reading_club.adapters.eventstream.worker.outage_retry import StopSignal
from reading_club.eventstream.outbox.backoff import Backoff


@pytest.fixture
def stopping() -> Iterator[StopSignal]:
    """A signal that is not set."""
    stopping = StopSignal()
    yield stopping
    stopping.close()


def test_delays_double_up_to_the_cap() -> None:
    """Delays double up to the cap, which bounds the reaction to the end of an outage."""
    backoff = Backoff(first=0.5, cap=3.0, jitter=lambda: 0.0)

    assert list(islice(backoff.delays(), 6)) == [0.5, 1.0, 2.0, 3.0, 3.0, 3.0]


def test_jitter_takes_up_to_a_half() -> None:
    """Jitter shortens a delay by up to a half, so that workers retry at different times."""
    assert list(islice(Backoff(first=1, jitter=lambda: 1.0).delays(), 2)) == [0.5, 1.0]
    assert all(0.05 <= next(Backoff().delays()) <= 0.1 for _ in range(100))


def test_a_wait_without_a_stop_returns_false(stopping: StopSignal) -> None:
    """Without a signal the wait ends after its time and returns False."""
    assert stopping.wait(0.0) is False


def test_a_stop_ends_every_wait(stopping: StopSignal) -> None:
    """The signal ends all current and later waits at once."""
    seen: list[bool] = []
    waiting = [threading.Thread(target=lambda: seen.append(stopping.wait(30))) for _ in range(3)]
    for thread in waiting:
        thread.start()
    start = monotonic()

    stopping.set()

    for thread in waiting:
        thread.join()
    assert seen == [True] * 3
    assert stopping.wait(30) is True
    assert monotonic() - start < 5


def test_a_closed_signal_may_be_set(stopping: StopSignal) -> None:
    """A closed signal may be set and closed again, without an error."""
    stopping.close()

    stopping.set()
    stopping.close()
