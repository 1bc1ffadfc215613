"""A process on a leash, which tells when it is ready."""

import os
import selectors
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence

from reading_club.app.embedded.leash import READY_FD


def report_ready() -> None:
    """Tell the owner of this process, if it asked, that the process serves."""
    descriptor = os.environ.pop(READY_FD, None)
    if descriptor is not None:
        os.write(int(descriptor), b"ready\n")
        os.close(int(descriptor))


class LeashedProcess:
    """A command that ends with this object's process, however that ends."""

    def __init__(
        self, name: str, command: Sequence[str], environment: Mapping[str, str] | None = None
    ) -> None:
        self.name = name
        self._command = [sys.executable, "-m", "reading_club.app.embedded.leash", *command]
        self._environment = {**os.environ, **(environment or {})}
        self._process: subprocess.Popen[bytes] | None = None
        self._ready: int | None = None

    def start(self) -> None:
        """Start the command in a session of its own: a Ctrl-C in the terminal is not for it."""
        self._close_ready()
        self._ready, write_end = os.pipe()
        try:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                start_new_session=True,
                pass_fds=[write_end],
                env={**self._environment, READY_FD: str(write_end)},
            )
        finally:
            os.close(write_end)

    @property
    def pid(self) -> int | None:
        """The leash's process, whose child is the command; None before the start."""
        return None if self._process is None else self._process.pid

    @property
    def exit_code(self) -> int | None:
        """How the command ended; None while it runs."""
        return None if self._process is None else self._process.poll()

    def wait_ready(self, timeout: float, stopping: threading.Event | None = None) -> bool:
        """Wait until the command reports that it is ready, and return whether it did.

        It does not if it ends, if the seconds are over, or if it is time to stop.
        """
        if self._ready is None:
            return False
        deadline = time.monotonic() + timeout
        with selectors.DefaultSelector() as selector:
            selector.register(self._ready, selectors.EVENT_READ)
            while time.monotonic() < deadline and not (stopping and stopping.is_set()):
                if selector.select(0.2):
                    return os.read(self._ready, 16) == b"ready\n"
        return False

    def stop(self, timeout: float) -> None:
        """Let go of the leash and wait for the end; after the seconds, kill."""
        self._close_ready()
        if self._process is None or self._process.stdin is None:
            return
        self._process.stdin.close()
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _close_ready(self) -> None:
        if self._ready is not None:
            os.close(self._ready)
            self._ready = None


class Restarts:
    """How often a process may be started again: with growing pauses, and not without end."""

    def __init__(self, most: int = 5, within: float = 60.0) -> None:
        self._most = most
        self._within = within
        self._times: list[float] = []

    def next_pause(self) -> float | None:
        """Return the seconds to wait before the next start, or None if it is hopeless."""
        now = time.monotonic()
        self._times = [moment for moment in self._times if now - moment < self._within]
        if len(self._times) >= self._most:
            return None
        self._times.append(now)
        return min(0.1 * float(2 ** len(self._times)), 5.0)
