"""systemd's protocol for services: ready, alive, stopping. Without systemd it does nothing."""

import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

SOCKET: Final = "NOTIFY_SOCKET"
VARIABLES: Final = (SOCKET, "WATCHDOG_USEC", "WATCHDOG_PID")
"""Environment variables for the main process of a service alone, not for its children."""


def notify(*states: str) -> None:
    """Send states, such as ``READY=1``, to the socket of NOTIFY_SOCKET; errors are ignored."""
    address = os.environ.get(SOCKET, "")
    if address.startswith("@"):
        address = f"\0{address[1:]}"
    if address:
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.settimeout(1.0)
            sender.sendto("\n".join(states).encode(), address)


def watchdog_interval() -> float | None:
    """Return half of the time, in seconds, in which systemd expects WATCHDOG=1; None for never."""
    with suppress(KeyError, ValueError):
        if int(os.environ.get("WATCHDOG_PID", os.getpid())) == os.getpid():
            return int(os.environ["WATCHDOG_USEC"]) / 2_000_000
    return None


def environment_of_children() -> Mapping[str, str]:
    """Return the environment without what is meant for this process alone."""
    return {name: text for name, text in os.environ.items() if name not in VARIABLES}
