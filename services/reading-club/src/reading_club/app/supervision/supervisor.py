"""Supervision of child processes: start, restart and stop them together."""

import logging
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from reading_club.app.errors import ConfigurationError
from reading_club.app.supervision.child import ChildProcess
from reading_club.app.supervision.restarter import Restarter

log = logging.getLogger(__name__)

COMMAND = (sys.executable, "-m", "reading_club.app")
START_DEADLINE = 30.0
LEAST_WAIT = 0.2
"""Seconds that each process has at least after the common deadline."""
STOP_DEADLINE = 12.0
WRONG_SETTINGS = 2
"""The exit code of a command with a wrong or missing setting."""


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
            if not process.wait_ready(left, stopping) and not stopping.is_set():
                _report_not_ready(process)
        yield
    finally:
        stops = [
            threading.Thread(target=process.stop, args=[STOP_DEADLINE]) for process in processes
        ]
        for thread in stops:
            thread.start()
        for thread in stops:
            thread.join()


def _report_not_ready(process: ChildProcess) -> None:
    """Log that a process is not ready. Raises ConfigurationError if it ended by wrong settings."""
    if process.exit_code == WRONG_SETTINGS:
        raise ConfigurationError(f"{process.name} did not start, for the reason that it gave")
    if process.exit_code is None:
        log.warning("%s is not ready yet", process.name)


def supervise(processes: list[ChildProcess], stopping: threading.Event) -> None:
    """Restart each process that ends, independently of the others, until ``stopping`` is set."""
    restarters = [Restarter(process) for process in processes]
    while not stopping.wait(0.2):
        for restarter in restarters:
            restarter.poll()
