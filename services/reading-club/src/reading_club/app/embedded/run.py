"""``reading-club run``: broker, web and worker on one data folder, stopped by one Ctrl-C."""

import errno
import fcntl
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import IO

from reading_club.app.addresses import ConfigurationError
from reading_club.app.embedded.process import LeashedProcess, Restarts
from reading_club.app.embedded.valkey import EmbeddedBroker, free_port, write_private
from reading_club.app.settings import Settings
from reading_club.service.projections import SUBSCRIBERS

log = logging.getLogger(__name__)

START_DEADLINE = 30.0
STOP_DEADLINE = 12.0
DEFAULT_PORT = 8000


def run(settings: Settings, announce: Callable[[str], None]) -> None:
    """Run the club until SIGINT, SIGTERM or SIGHUP. Raises ConfigurationError.

    ``announce`` is told the address once the club serves.
    """
    stopping = threading.Event()
    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # which nohup asks for
        numbers.append(signal.SIGHUP)
    for number in numbers:
        signal.signal(number, lambda *_: stopping.set())
    with exclusive(settings), broker_url(settings) as (url, broker):
        port = choose_port(settings)
        children = [*broker, *club_processes(url, settings.host, port)]
        with running(children[len(broker) :], stopping):
            if not stopping.is_set():
                announce(address(settings.host, port))
            supervise(children, stopping)


def address(host: str, port: int) -> str:
    """Return where a browser finds the club."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # any, seen from here
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def club_processes(broker_url: str, host: str, port: int) -> list[LeashedProcess]:
    """Return the web process and a worker for each subscriber, not started.

    Each brings the schema up first: whoever comes second finds nothing left to do.
    """
    environment = {
        "READING_CLUB_BROKER_URL": broker_url,
        "READING_CLUB_HOST": host,
        "READING_CLUB_PORT": str(port),
    }
    command = [sys.executable, "-m", "reading_club.app"]
    workers = [
        LeashedProcess(
            f"worker {s.name}",
            [*command, "worker", "--migrate", "--subscriber", s.name],
            environment,
        )
        for s in SUBSCRIBERS
    ]
    return [*workers, LeashedProcess("web", [*command, "web", "--migrate"], environment)]


@contextmanager
def broker_url(settings: Settings) -> Iterator[tuple[str, list[LeashedProcess]]]:
    """Lend the address of the broker, and the process to watch if it is the embedded one."""
    if settings.broker_url is not None:
        yield settings.broker_url.get_secret_value(), []
        return
    broker = EmbeddedBroker(settings.data_dir)
    broker.process.start()
    try:
        if not broker.wait_ready(START_DEADLINE):
            raise ConfigurationError(f"the broker did not start: its reasons are in {broker.log}")
        write_private(settings.broker_file, broker.url)
        yield broker.url, [broker.process]
    finally:
        settings.broker_file.unlink(missing_ok=True)
        broker.process.stop(STOP_DEADLINE)


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


def choose_port(settings: Settings) -> int:
    """Return the port that was asked for, or 8000, or a free one if 8000 is taken."""
    wanted = DEFAULT_PORT if settings.port is None else settings.port
    if wanted != 0 and not taken(settings.host, wanted):
        return wanted
    if settings.port:
        raise ConfigurationError(f"port {wanted} is in use: set READING_CLUB_PORT to another one")
    return free_port()


def taken(host: str, port: int) -> bool:
    """Tell whether somebody listens there already."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as exc:
            if exc.errno == errno.EADDRINUSE:
                return True
            raise ConfigurationError(f"READING_CLUB_HOST cannot be used: {host}") from exc
    return False


@contextmanager
def exclusive(settings: Settings) -> Iterator[None]:
    """Hold the data folder for this process alone. Raises ConfigurationError."""
    settings.make_data_dir()
    with (settings.data_dir / "run.lock").open("w") as lock:
        _lock(lock, settings)
        yield


def _lock(lock: IO[str], settings: Settings) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise ConfigurationError(f"the club in {settings.data_dir} is running already") from None
    with suppress(OSError):
        os.write(lock.fileno(), f"{os.getpid()}\n".encode())
