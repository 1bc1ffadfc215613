"""Supervision of child processes: start, restart and stop them together."""

import json
import logging
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Final

from reading_club.app.private_files import last_line
from reading_club.app.settings import ConfigurationError
from reading_club.app.supervision.child import ChildProcess
from reading_club.eventstream.liveness import Liveness
from reading_club.eventstream.outbox.backoff import Backoff

log = logging.getLogger(__name__)

COMMAND = (sys.executable, "-m", "reading_club.app")
START_DEADLINE = 30.0
LEAST_WAIT = 0.2
"""Seconds that each process has at least after the common deadline."""
STOP_DEADLINE = 12.0
WRONG_SETTINGS = 2
"""The exit code of a command with a wrong or missing setting."""
PAUSES: Final = Backoff(first=0.1, cap=10.0)
STEADY: Final = 10.0
"""Seconds that a process has to be ready before the pauses start over from the first."""
NO_PROGRESS: Final = 300.0
"""Seconds without being ready after which a process is restarted every RARELY seconds."""
RARELY: Final = 60.0


class Restarter:
    """Restarts one process whenever it has ended; to be polled, as no method blocks.

    The pauses grow, and start over after the process was ready for STEADY seconds. The number of
    restarts is unlimited: an event that kills its worker becomes a dead letter only after several
    attempts in a worker. A process that was not ready for NO_PROGRESS seconds is restarted once a
    minute. Times are seconds by ``clock``.
    """

    def __init__(
        self,
        process: ChildProcess,
        clock: Callable[[], float] = time.monotonic,
        backoff: Backoff = PAUSES,
    ) -> None:
        self._process = process
        self._clock = clock
        self._backoff = backoff
        self._pauses = backoff.delays()
        self._ready_at = clock()
        self._ready_since: float | None = None
        self._start_at: float | None = None

    def poll(self) -> None:
        """Record that the process is ready, or schedule its restart, or do one that is due."""
        if self._process.exit_code is None:
            if self._process.is_ready:
                self._record_ready()
        elif self._start_at is None:
            self._schedule()
        elif self._clock() >= self._start_at:
            self._start_at = None
            self._process.start()

    def _record_ready(self) -> None:
        self._ready_at = self._clock()
        if self._ready_since is None:
            self._ready_since = self._ready_at
        if self._ready_at - self._ready_since >= STEADY:
            self._pauses = self._backoff.delays()

    def _schedule(self) -> None:
        now, self._ready_since = self._clock(), None
        pause = RARELY if now - self._ready_at >= NO_PROGRESS else next(self._pauses)
        self._start_at = now + pause
        fields = {"process_name": self._process.name, "exit_code": self._process.exit_code}
        log.error("a process ended, and is started again", extra={**fields, "seconds": pause})


def stop_on_signals() -> threading.Event:
    """Return an event that SIGINT, SIGTERM and SIGHUP set."""
    stopping = threading.Event()
    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # ignored under nohup
        numbers.append(signal.SIGHUP)
    for number in numbers:
        signal.signal(number, lambda *_: stopping.set())
    return stopping


@contextmanager
def started(processes: list[ChildProcess], stopping: threading.Event) -> Iterator[None]:
    """Start the processes, wait until all are ready, and on exit stop them concurrently.

    After START_DEADLINE, goes on without a process that is not ready: its database may be
    unavailable. Raises ConfigurationError if a process has ended because of its settings.
    """
    try:
        for process in processes:
            process.start()
        deadline = time.monotonic() + START_DEADLINE
        for process in processes:
            left = max(LEAST_WAIT, deadline - time.monotonic())
            if process.wait_ready(left, stopping) or stopping.is_set():
                continue
            if process.exit_code == WRONG_SETTINGS:
                reason = process.log and reason_in(last_line(process.log))
                raise ConfigurationError(
                    reason or f"{process.name} did not start, for the reason that it gave"
                )
            if process.exit_code is None:
                log.warning("not ready yet", extra={"process_name": process.name})
        yield
    finally:
        with ThreadPoolExecutor(len(processes)) as pool:
            for process in processes:
                pool.submit(process.stop, STOP_DEADLINE)


def reason_in(line: str) -> str:
    """Return why a process has ended, from the last line of its log, text or JSON."""
    with suppress(ValueError, LookupError, TypeError):
        return str(json.loads(line)["event"])
    return line.removeprefix("reading-club: ")


def supervise(
    processes: list[ChildProcess], stopping: threading.Event, liveness: Liveness | None = None
) -> None:
    """Restart each process that ends, independently of the others, until ``stopping`` is set.

    Each turn of the loop is reported to ``liveness``.
    """
    restarters = [Restarter(process) for process in processes]
    while not stopping.wait(0.2):
        if liveness is not None:
            liveness.progress("the supervision")
        for restarter in restarters:
            restarter.poll()
