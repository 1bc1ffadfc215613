"""Retries a message in the worker: until it is done or deferred, or the worker stops."""

import logging
import os
import selectors
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Final

from celery.exceptions import Reject

from reading_club.adapters.eventstream.event_loop_thread import EventLoopThread
from reading_club.eventstream.dead_letters.writer import DeadLetterWriter
from reading_club.eventstream.errors import BUSY, TransientFailure
from reading_club.eventstream.outbox.backoff import Backoff
from reading_club.eventstream.unit_of_work import UnitOfWorkFactory

Work = Callable[[UnitOfWorkFactory], Coroutine[Any, Any, bool]]
"""One attempt; returns True if the message may be acknowledged."""

_TURN_CHECK_INTERVAL: Final = 0.05
"""Seconds between two checks whether the message tried before is done."""


@dataclass(frozen=True)
class Pacing:
    """Pauses between attempts, and how long a message is held in the worker, in seconds."""

    attempt_pause: float = 5.0
    """Between the first two attempts of a message that may have killed its worker; each further
    pause is four times as long."""
    hold: float = 45.0
    """Longest time from arrival to deferral during an outage: below the visibility timeout of
    Redis and Valkey, and far below RabbitMQ's acknowledgement timeout."""
    hold_busy: float = 10.0
    """Longest time from the first attempt to deferral if the database answers: others wait."""
    backoff: Backoff = field(default_factory=Backoff)
    """Between two attempts of a held message."""
    timer: Callable[[], float] = time.monotonic


class StopSignal:
    """A stop of the worker: set once, and seen by all waiting threads.

    A pipe that becomes readable: unlike a lock, it may be set in a signal handler that interrupts
    another one.
    """

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()
        self._open = True

    def set(self) -> None:
        """Wake all waiting threads."""
        if self._open:
            os.write(self._writer, b"!")

    def wait(self, seconds: float) -> bool:
        """Wait for ``seconds``, or return True at once when the worker is asked to stop."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._reader, selectors.EVENT_READ)
            return bool(selector.select(seconds))

    def close(self) -> None:
        """Close the pipe, after the last wait."""
        if self._open:
            self._open = False
            os.close(self._reader)
            os.close(self._writer)


class OutageRetry:
    """Retries the work on a message, with back-off, until it is done."""

    def __init__(
        self,
        loop: EventLoopThread[UnitOfWorkFactory],
        dead_letters: DeadLetterWriter,
        pacing: Pacing,
        wait: Callable[[float], bool],
    ) -> None:
        self._loop = loop
        self._dead_letters = dead_letters
        self._pacing = pacing
        self._wait = wait
        self._turn = threading.Lock()

    def retry_until_done(
        self,
        message: object,
        work: Work,
        defer: Callable[[TransientFailure], Work] | None,
        *,
        arrived: float | None = None,
        alone: bool = False,
    ) -> None:
        """Return when the work is done, or the message was deferred after its holding time.

        ``arrived`` is a monotonic time. With ``alone``, one message of the process is tried at a
        time. Raises Reject, which requeues the message, when the worker is asked to stop.
        """
        begun = self._pacing.timer()
        for delay in self._pacing.backoff.delays():
            with self._one_at_a_time() if alone else nullcontext():
                done, failure = self._attempt(message, work)
            late = failure is not None and self._is_late(failure, begun, arrived)
            if failure is not None and defer is not None and late:
                done, _ = self._attempt(message, defer(failure))
            if done:
                return
            self._pause(delay)

    def _is_late(self, failure: TransientFailure, begun: float, arrived: float | None) -> bool:
        now = self._pacing.timer()
        if isinstance(failure, BUSY) and now - begun >= self._pacing.hold_busy:
            return True
        return now - (begun if arrived is None else arrived) >= self._pacing.hold

    def _attempt(self, message: object, work: Work) -> tuple[bool, TransientFailure | None]:
        try:
            return self._loop.run(work), None
        except TransientFailure as exc:
            self._dead_letters.log(logging.WARNING, "waiting for what is away", message, exc)
            return False, exc
        except Exception as exc:  # noqa: BLE001  # the dead letter cannot be stored either
            text = "cannot set the message aside"
            self._dead_letters.log(logging.ERROR, text, message, exc, trace=True)
            return False, None

    @contextmanager
    def _one_at_a_time(self) -> Iterator[None]:
        while not self._turn.acquire(blocking=False):
            self._pause(_TURN_CHECK_INTERVAL)
        try:
            yield
        finally:
            self._turn.release()

    def _pause(self, seconds: float) -> None:
        if self._wait(seconds):
            raise Reject("the worker is stopping", requeue=True)
