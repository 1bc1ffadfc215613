"""Run a command that does not outlive its owner: ``python -m reading_club.app.embedded.leash CMD``.

The owner holds the other end of standard input. When it closes, also because the owner was
killed, or on SIGTERM, the command and everything that it has started is stopped: asked
first, killed after a grace period.
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress

READY_FD = "READING_CLUB_READY_FD"
"""Names the file descriptor on which a process reports that it is ready."""
SET_PARENT_DEATH_SIGNAL = 1
"""Of prctl(2)."""
GRACE = 8.0
"""Seconds between asking and killing."""


def stop(process: subprocess.Popen[bytes]) -> None:
    """End the process and its group, within the grace period."""
    with suppress(ProcessLookupError):
        process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(GRACE)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def end_with_parent(by: signal.Signals = signal.SIGTERM) -> None:
    """Ask Linux to send this process the signal when its parent is killed and cannot do so."""
    ctypes.CDLL(None).prctl(SET_PARENT_DEATH_SIGNAL, by)


def start(command: Sequence[str]) -> subprocess.Popen[bytes]:
    """Start the command, and hand on the descriptor on which it reports that it is ready."""
    ready = [int(descriptor)] if (descriptor := os.environ.get(READY_FD)) else []
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        pass_fds=ready,
        preexec_fn=end_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509  # no threads yet
    )
    for descriptor_to_close in ready:
        os.close(descriptor_to_close)
    return process


def main(command: Sequence[str]) -> int:
    """Run the command until it ends or the owner goes; return its exit code."""
    process = start(command)
    gone = threading.Event()

    def watch_owner() -> None:
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
