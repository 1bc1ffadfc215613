"""Servers and their folders disappear with the process that opened them."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from reading_club_functional.polling import eventually
from reading_club_functional.servers import (
    PostgreSQLServer,
    RabbitMQServer,
    Server,
    ValkeyServer,
    process_control,
)

KINDS: list[type[Server]] = [PostgreSQLServer, RabbitMQServer, ValkeyServer]
OWNER = """
import json, signal, sys
from contextlib import ExitStack
from reading_club_functional import servers

signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in the background
with ExitStack() as stack:
    opened = [stack.enter_context(getattr(servers, name)()) for name in sys.argv[2:]]
    if sys.argv[1] == "frozen":
        for server in opened:
            server.freeze()
    print(json.dumps([(server.pid, str(server.folder)) for server in opened]), flush=True)
    signal.pause()
"""


@contextmanager
def an_owner_of_all_kinds(state: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process that opens servers and prints their pids and folders."""
    names = [kind.__name__ for kind in KINDS if not kind.missing()]
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, state, *names],
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as owner:
        try:
            yield owner
        finally:
            owner.kill()


def reaper_family(pid: int) -> list[psutil.Process]:
    """Return a server's reaper and all its descendants."""
    return process_control.with_descendants(psutil.Process(pid).parents()[0])


@pytest.mark.parametrize(
    ("end", "state"),
    [(signal.SIGINT, "running"), (signal.SIGKILL, "running"), (signal.SIGKILL, "frozen")],
    ids=["interrupted", "killed", "killed-while-frozen"],
)
def test_servers_end_with_their_owner(end: signal.Signals, state: str) -> None:
    """All servers and folders disappear after Ctrl-C or SIGKILL, which the owner alone gets."""
    with an_owner_of_all_kinds(state) as owner:
        opened: list[tuple[int, str]] = json.loads(owner.stdout.readline()) if owner.stdout else []
        family = [process for pid, _ in opened for process in reaper_family(pid)]
        assert family

        os.killpg(owner.pid, end)

        eventually(lambda: process_control.gone(family), within=30)
    eventually(lambda: not any(Path(folder).exists() for _, folder in opened), within=30)
