"""Faults of the club's own processes, and of their handlers."""

import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from functools import partial
from random import Random
from urllib.parse import urlsplit

from reading_club_functional.faults.supervised_processes import ROLES
from reading_club_functional.faults.target import Fault, Target
from reading_club_functional.faulty_command import CLOCK, FAILING, KILLING

CLOCKS = (-9 * 86400.0, -7200.0, 7200.0)
"""Seconds by which the clock of a web process is off."""
CLIENTS = 1000
HALF_A_REQUEST = b"POST /api/books HTTP/1.1\r\nHost: club\r\nContent-Length: 100\r\n"


@contextmanager
def killed(role: str, target: Target, _: Random) -> Iterator[None]:
    """A process is killed by SIGKILL and replaced at once."""
    target.processes.kill(role)
    yield


@contextmanager
def terminated(role: str, target: Target, _: Random) -> Iterator[None]:
    """A process is stopped by SIGTERM and replaced when it has ended."""
    target.processes.terminate(role)
    yield


def frozen(role: str, target: Target, _: Random) -> AbstractContextManager[None]:
    """A process is stopped by SIGSTOP, then continued by SIGCONT."""
    return target.processes.frozen(role)


@contextmanager
def wrong_clock(target: Target, random: Random) -> Iterator[None]:
    """The web process is replaced by one with a wrong clock, then by one with the right clock."""
    os.environ[CLOCK] = str(random.choice(CLOCKS))
    try:
        target.processes.kill("web")
    finally:
        del os.environ[CLOCK]
    yield
    target.processes.terminate("web")


@contextmanager
def silent_clients(target: Target, _: Random) -> Iterator[None]:
    """Clients send half of a request to the web process, and keep the connection open."""
    address = urlsplit(target.processes.club.url)
    with ExitStack() as clients:
        for _client in range(CLIENTS):
            with suppress(OSError):
                connected = socket.create_connection((address.hostname, address.port), timeout=1)
                clients.enter_context(connected).sendall(HALF_A_REQUEST)
        yield


@contextmanager
def poison(title: str, target: Target, _: Random) -> Iterator[None]:
    """One event is published that fails at each subscriber."""
    target.writer.poison_titles.put(title)
    yield


FAULTS: Mapping[str, Fault] = {
    **{
        f"{role.replace(' ', '-')}-{fault.__name__}": partial(fault, role)
        for role in ROLES
        for fault in (killed, terminated, frozen)
    },
    "web-wrong-clock": wrong_clock,
    "web-silent-clients": silent_clients,
    "event-fails": partial(poison, FAILING),
    "event-kills": partial(poison, KILLING),
}
