"""The graceful stop of a simulated worker, as at SIGTERM: it gives back what it has not begun."""

from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from reading_club.adapters.eventstream.worker.returning import STOP_TIMEOUT, ReturnedLog
from reading_club_functional.simulation.threads import SimulatedThread, current_thread, sleep

if TYPE_CHECKING:
    from reading_club_functional.simulation.consumer import SimulatedConsumer

LOOK_EVERY: Final = 0.1
ROUNDING: Final = 0.001
"""Seconds."""


class StopSignal:
    """Whether a worker is asked to stop, which ends the pauses of its threads."""

    def __init__(self) -> None:
        self.is_given = False
        self._pausing: list[SimulatedThread] = []

    def give(self) -> None:
        """Ask the worker to stop."""
        self.is_given = True
        for thread in self._pausing:
            thread.notify()

    def wait(self, seconds: float) -> bool:
        """Pause in a simulated thread; return whether the worker is asked to stop."""
        thread = current_thread()
        assert thread is not None
        if not self.is_given:
            self._pausing.append(thread)
            thread.wait(seconds)
            self._pausing.remove(thread)
        return self.is_given


class Recording(NamedTuple):
    """A call that records a message before it is given back."""

    done: "Future[None]"
    began: float
    """Virtual time."""

    def is_over(self, now: float) -> bool:
        """Whether it is done, with whatever result, or its worker has waited long enough."""
        return self.done.done() or now - self.began >= STOP_TIMEOUT - ROUNDING


class ObservedLog(ReturnedLog):
    """Tells each message of a simulated worker that it is recorded."""

    def record(self, messages: Sequence[Any]) -> "Future[None]":
        """Begin to record messages."""
        done = super().record(messages)
        for message in messages:
            message.recording = Recording(done, message.consumer.broker.loop.time())
        return done


class Waited(NamedTuple):
    """What ``concurrent.futures.wait`` returns, as far as the worker's code asks for it."""

    not_done: set["Future[Any]"]


def wait_for(futures: Iterable["Future[Any]"], timeout: float) -> Waited:
    """Do in a simulated thread what ``concurrent.futures.wait`` does, for each future in turn."""
    thread = current_thread()
    assert thread is not None
    for future in futures:
        if not future.done():
            future.add_done_callback(lambda _: thread.notify())
            thread.wait(max(0.0, timeout))
    return Waited({future for future in futures if not future.done()})


def stop(consumer: "SimulatedConsumer") -> None:
    """Give back what has not begun, wait for what has, and end the process; in a thread of it.

    What is on its way to the worker is never received.
    """
    consumer.is_blocked = True
    consumer.end_consumption()
    consumer.is_blocked = False
    while consumer.is_busy:
        sleep(LOOK_EVERY)
    consumer.in_hand.clear()
    consumer.process.end("stops")
