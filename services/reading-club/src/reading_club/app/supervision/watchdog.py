"""A parent-death watchdog for a command: ``python -m reading_club.app.supervision.watchdog CMD``.

The watchdog's standard input is a socket, whose other end the owner keeps open. When that closes,
also by SIGKILL of the owner, or on SIGTERM, the command gets SIGTERM, and after a grace period its
process group gets SIGKILL.
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress

from reading_club.app.supervision.child import READY_FD

SET_PARENT_DEATH_SIGNAL = 1
"""PR_SET_PDEATHSIG of prctl(2)."""
GRACE = 8.0
"""Seconds between SIGTERM and SIGKILL."""


def stop(process: subprocess.Popen[bytes]) -> None:
    """Send SIGTERM to the process, wait up to the grace period, send SIGKILL to its group."""
    with suppress(ProcessLookupError):
        process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(GRACE)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def end_with_parent(by: signal.Signals = signal.SIGTERM) -> None:
    """Let Linux send this process the signal when its parent dies, however that happens."""
    ctypes.CDLL(None).prctl(SET_PARENT_DEATH_SIGNAL, by)


def start(command: Sequence[str]) -> subprocess.Popen[bytes]:
    """Start the command in a new session, which may report to the owner that it is ready."""
    ready = os.dup(sys.stdin.fileno())
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        pass_fds=[ready],
        env={**os.environ, READY_FD: str(ready)},
        preexec_fn=end_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509  # no threads yet
    )
    os.close(ready)
    return process


def main(command: Sequence[str]) -> int:
    """Run the command until it ends, the owner dies or SIGTERM comes; return its exit code."""
    process = start(command)
    gone = threading.Event()

    def watch_owner() -> None:
        with suppress(ConnectionResetError):  # closed before the owner read the report
            while os.read(sys.stdin.fileno(), 64):
                pass
        gone.set()

    def watch_command() -> None:
        process.wait()
        gone.set()

    signal.signal(signal.SIGTERM, lambda *_: gone.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for watch in (watch_owner, watch_command):
        threading.Thread(target=watch, daemon=True).start()
    gone.wait()
    stop(process)
    return process.wait()


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.exit(code if code >= 0 else 128 - code)
