"""The client of the reaper process, which ends the servers of a test run."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from reading_club_functional.servers import reaper
from reading_club_functional.servers.account import Account


class Command(NamedTuple):
    """A program with its arguments, and all of its environment."""

    argv: list[str]
    env: Mapping[str, str]


class Reaper:
    """Starts processes in a reaper, which ends them and removes `folder` on close or our death.

    The terminal's Ctrl-C does not reach these processes.
    """

    def __init__(self, account: Account) -> None:
        self._account = account
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", reaper.__file__, *map(str, (os.getpid(), *account))],
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                start_new_session=True,
            )
        with ours:
            ours.settimeout(reaper.GRACE)
            self._stream = ours.makefile("rw")
        self.folder = Path(self._answer()["folder"])

    @property
    def log(self) -> Path:
        """The log file of all processes."""
        return self.folder / reaper.LOG

    def start(self, command: Command, end_signal: signal.Signals) -> psutil.Process | None:
        """Start a process in `folder` and return it; None when it has already ended.

        `end_signal` ends the process when its data may be discarded. Raises `OSError`.
        """
        self._send(json.dumps({**command._asdict(), "end_signal": end_signal}))
        answer = self._answer()
        if "error" in answer:
            raise OSError(answer["error"])
        try:
            return psutil.Process(answer["pid"])
        except psutil.NoSuchProcess:
            return None

    def write(self, name: str, text: str) -> Path:
        """Write a file in `folder` that only the servers' account can read."""
        path = self.folder / name
        path.touch(mode=0o600)
        path.write_text(text)
        self._account.own(path)
        return path

    def close(self) -> None:
        """End everything that was started, remove the folder, and wait for both."""
        with contextlib.suppress(OSError):
            self._send("")
        with contextlib.suppress(OSError):
            self._stream.close()
        try:
            self._process.wait(4 * reaper.GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(reaper.GRACE)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _send(self, line: str) -> None:
        self._stream.write(f"{line}\n")
        self._stream.flush()

    def _answer(self) -> dict[str, Any]:
        """Return the reaper's next answer. Raises `OSError` at its end or a timeout."""
        line = self._stream.readline()
        if not line:
            raise ConnectionResetError("the reaper of the servers has ended")
        answer: dict[str, Any] = json.loads(line)
        return answer
