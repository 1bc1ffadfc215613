"""Runs servers for an owner process, and ends them when the owner ends, even by SIGKILL.

A separate program, with the standard library only: `reaper.py OWNER_PID UID GID`. It makes a
folder and prints `{"folder": ...}`; each line `{"argv", "env", "end_signal"}` on standard input
starts a process in that folder and is answered by `{"pid": ...}` or `{"error": ...}`. An empty
line, the end of the input, SIGTERM and the owner's death end the processes and remove the folder.
"""

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

LOG = "server.log"
GRACE = 15.0


Child = tuple[subprocess.Popen[bytes], int]
"""A server's main process, and the signal that ends it when its data may be discarded."""


def main(owner: int, uid: int, gid: int) -> None:
    """Serve the owner's requests until the owner ends, then end all processes."""
    children: list[Child] = []
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    signal.signal(signal.SIGCHLD, lambda *_: reap(children))
    folder = tempfile.mkdtemp(prefix="reading-club-")
    try:
        os.chown(folder, uid, gid)
        answer(folder=folder)
        for request in requests(owner):
            reap(children)
            answer(**start(request, folder, uid, gid, children))
    except ConnectionError:
        pass
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        for child in reversed(children):
            end(*child)
        remove(folder)


def requests(owner: int) -> Iterator[dict[str, Any]]:
    """Yield the owner's requests; poll its pid too, since its forks may keep the pipe open."""
    while os.getppid() == owner:
        if select.select([sys.stdin], [], [], 1.0)[0]:
            line = sys.stdin.readline()
            if not line.strip():
                return
            yield json.loads(line)


def answer(**fields: object) -> None:
    """Write an answer to the owner, as one line of JSON, unbuffered."""
    os.write(sys.stdout.fileno(), json.dumps(fields).encode() + b"\n")


def start(
    request: dict[str, Any], folder: str, uid: int, gid: int, children: list[Child]
) -> dict[str, object]:
    """Start a process in a new session, add it to `children`, and return its pid or the error."""
    try:
        with Path(folder, LOG).open("ab") as log:
            process = subprocess.Popen(
                request["argv"],
                env=request["env"],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                user=uid,
                group=gid,
                extra_groups=None if os.geteuid() else (),
            )
    except OSError as error:
        return {"error": str(error)}
    children.append((process, request["end_signal"]))
    return {"pid": process.pid}


def reap(children: list[Child]) -> None:
    """Reap zombies: PostgreSQL does not start while its predecessor is one."""
    for process, _ in children:
        process.poll()


def end(process: subprocess.Popen[bytes], end_signal: int) -> None:
    """End a process, even a frozen one, and the rest of its group, each within 15 s."""
    if process.poll() is not None:
        return
    for numbers in ((end_signal, signal.SIGCONT), (signal.SIGKILL,)):
        for number in numbers:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(GRACE)


def remove(folder: str) -> None:
    """Remove the folder, for up to 15 s while ending processes still write files into it."""
    deadline = time.monotonic() + GRACE
    shutil.rmtree(folder, ignore_errors=True)
    while Path(folder).exists() and time.monotonic() < deadline:
        time.sleep(0.01)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:4]))
