"""The threads of a sender, interleaved before each of its statements."""

import inspect

import pytest

from reading_club.eventstream.outbox import sender
from reading_club_functional.simulation.interleaving import instrumented_sender, race

SEEDS = 100


def test_threads_that_hand_over_and_close_lose_nothing() -> None:
    """Each event is sent or stays in the outbox, and the sender has one thread at a time."""
    module = instrumented_sender()

    assert [wrong for seed in range(SEEDS) if (wrong := race(seed, module))] == []


@pytest.mark.parametrize(
    ("old", "new", "wrong"),
    [
        (
            "if not self._closed and (self._thread is None or not self._thread.is_alive()):",
            "if not self._closed:",
            "2 threads of one sender",
        ),
    ],
)
def test_a_missing_guard_is_found(old: str, new: str, wrong: str) -> None:
    """Without the second look under the lock, two threads that hand over start two."""
    source = inspect.getsource(sender)
    assert source.count(old) == 1
    module = instrumented_sender(source.replace(old, new))

    assert wrong in {race(seed, module) for seed in range(SEEDS)}
