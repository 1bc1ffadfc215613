"""Processes of the club that are started, watched and stopped together."""

import logging
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from reading_club.app.addresses import ConfigurationError
from reading_club.app.embedded.process import LeashedProcess, Restarts

log = logging.getLogger(__name__)

COMMAND = (sys.executable, "-m", "reading_club.app")
START_DEADLINE = 30.0
STOP_DEADLINE = 12.0


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

    Raises ConfigurationError for one that does not start, unless it is time to stop anyway.
    """
    try:
        for process in processes:
            process.start()
        for process in processes:
            if not process.wait_ready(START_DEADLINE, stopping) and not stopping.is_set():
                raise ConfigurationError(f"{process.name} did not start")
        yield
    finally:
        stops = [
            threading.Thread(target=process.stop, args=[STOP_DEADLINE]) for process in processes
        ]
        for thread in stops:
            thread.start()
        for thread in stops:
            thread.join()


def supervise(processes: list[LeashedProcess], stopping: threading.Event) -> None:
    """Start every process again that ends, until it is time to stop.

    Raises ConfigurationError for one that ends again and again.
    """
    restarts = {process.name: Restarts() for process in processes}
    while not stopping.wait(0.2):
        for process in processes:
            if process.exit_code is None:
                continue
            pause = restarts[process.name].next_pause()
            if pause is None:
                raise ConfigurationError(f"{process.name} ends again and again")
            log.error("%s ended with %s: starting it again", process.name, process.exit_code)
            if not stopping.wait(pause):
                process.start()
