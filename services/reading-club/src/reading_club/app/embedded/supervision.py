"""Processes of the club that are started, watched and stopped together."""

import logging
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from reading_club.app.addresses import ConfigurationError
from reading_club.app.embedded.process import LeashedProcess
from reading_club.app.embedded.restarts import Keeper

log = logging.getLogger(__name__)

COMMAND = (sys.executable, "-m", "reading_club.app")
START_DEADLINE = 30.0
ONE_LOOK = 0.2
"""Seconds that each process has at least: all of them together have the deadline."""
STOP_DEADLINE = 12.0
WRONG_SETTINGS = 2
"""The exit code of a command that cannot run with its settings."""


def stop_on_signals() -> threading.Event:
    """Return an event that SIGINT, SIGTERM and SIGHUP set."""
    stopping = threading.Event()
    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # which nohup asks for
        numbers.append(signal.SIGHUP)
    for number in numbers:
        signal.signal(number, lambda *_: stopping.set())
    return stopping


@contextmanager
def running(processes: list[LeashedProcess], stopping: threading.Event) -> Iterator[None]:
    """Start the processes, wait until all are ready, and stop them in the end, all at once.

    One that is not ready in time may wait for its database, and is not waited for. Raises
    ConfigurationError for one that has ended because of its settings.
    """
    try:
        for process in processes:
            process.start()
        deadline = time.monotonic() + START_DEADLINE
        for process in processes:
            left = max(ONE_LOOK, deadline - time.monotonic())
            if not process.wait_ready(left, stopping) and not stopping.is_set():
                _tell_why(process)
        yield
    finally:
        stops = [
            threading.Thread(target=process.stop, args=[STOP_DEADLINE]) for process in processes
        ]
        for thread in stops:
            thread.start()
        for thread in stops:
            thread.join()


def _tell_why(process: LeashedProcess) -> None:
    """Log that a process is not ready. Raises ConfigurationError if it cannot become so."""
    if process.exit_code == WRONG_SETTINGS:
        raise ConfigurationError(f"{process.name} did not start, for the reason that it gave")
    if process.exit_code is None:
        log.warning("%s is not ready yet", process.name)


def supervise(processes: list[LeashedProcess], stopping: threading.Event) -> None:
    """Start every process again that ends, until it is time to stop. None concerns the others."""
    keepers = [Keeper(process) for process in processes]
    while not stopping.wait(0.2):
        for keeper in keepers:
            keeper.look()
