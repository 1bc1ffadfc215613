"""The identity of this process for its heartbeat: host, pid, release."""

import os
import socket
from importlib.metadata import version
from uuid import uuid4

from reading_club.eventstream.ports.heartbeats import Process


def this_process(role: str, subscriber: str | None = None) -> Process:
    """Return the identity of this process, a new one for each call."""
    host = socket.gethostname()[:255]
    return Process(uuid4(), role, host, os.getpid(), version("reading-club"), subscriber)
