"""A child process under a parent-death watchdog, and its report that it is ready."""

import os
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path

from reading_club.app.private_files import open_log
from reading_club.app.sd_notify import environment_of_children, notify

READY_FD = "READING_CLUB_READY_FD"
"""Environment variable with the file descriptor for the report that a process is ready."""


def report_ready() -> None:
    """Report on READY_FD, and to systemd, that this process is ready, as far as they are there."""
    notify("READY=1")
    descriptor = os.environ.pop(READY_FD, None)
    if descriptor is not None:
        os.write(int(descriptor), b"ready\n")
        os.close(int(descriptor))


class ChildProcess:
    """A command under a watchdog, which ends it when the owning process ends, even by SIGKILL.

    Its output is appended to the file ``log``; without one, it goes where the owner's goes.
    ``environment`` is added to that of the owner.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        log: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._environment = environment or {}
        self.name = name
        self.log = log
        self._command = [sys.executable, "-m", "reading_club.app.supervision.watchdog", *command]
        self._process: subprocess.Popen[bytes] | None = None
        self._reported = False

    def start(self) -> None:
        """Start the command in a new session, out of reach of the terminal's Ctrl-C."""
        self.stop(0)
        self._reported = False
        self._socket, theirs = socket.socketpair()
        with theirs, nullcontext() if self.log is None else open_log(self.log) as log:
            self._process = subprocess.Popen(
                self._command,
                stdin=theirs.fileno(),
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={**environment_of_children(), **self._environment},
            )

    @property
    def exit_code(self) -> int | None:
        """The exit code of the command; None while it runs or before the start."""
        return None if self._process is None else self._process.poll()

    @property
    def is_ready(self) -> bool:
        """Whether the command has reported that it is ready."""
        return self._has_reported(0.0)

    def wait_ready(self, timeout: float, stopping: threading.Event | None = None) -> bool:
        """Wait until the command reports that it is ready, and return True.

        Returns False if the command ends, after ``timeout`` seconds, or once ``stopping`` is set.
        """
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline and not (stopping and stopping.is_set()):
            if self._has_reported(0.2) or self.exit_code is not None:
                break
        return self._reported

    def _has_reported(self, seconds: float) -> bool:
        """Wait up to ``seconds`` for the report, or for the end of the watchdog."""
        if not self._reported and select.select([self._socket], [], [], seconds)[0]:
            self._reported = self._socket.recv(16) == b"ready\n"
        return self._reported

    def stop(self, timeout: float) -> None:
        """Let the watchdog end the command; kill the watchdog after ``timeout`` seconds."""
        if self._process is None:
            return
        self._socket.close()
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
