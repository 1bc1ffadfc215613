"""Processes of the command ``reading-club``."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Self

import psutil

from reading_club.app.supervision.watchdog import end_with_parent
from reading_club_functional.polling import eventually
from reading_club_functional.servers import process_control

APP = "reading_club.app"
READY = {
    "run": "The club is open",
    "web": "running on",
    "worker": "is ready",
    "relay": "is ready",
}
"""What a ready process prints, by its role."""
LINUX = sys.platform == "linux"
WATCHDOG = "reading_club.app.supervision.watchdog"
PROCESS_TIMEOUT = 60.0
"""Seconds that a process has to start or to stop."""


def environment(folder: Path, **settings: str) -> dict[str, str]:
    """Return this environment with these READING_CLUB_ settings alone, data in `folder`."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("READING_CLUB_")}
    ours = {f"READING_CLUB_{name.upper()}": text for name, text in settings.items()}
    return {**inherited, "READING_CLUB_DATA_DIR": str(folder / "var"), **ours}


def command(*arguments: str, module: str = APP, python: str = sys.executable) -> list[str]:
    """Return the arguments that run the command, with this interpreter unless one is given."""
    return [python, "-m", module, *arguments]


class ClubProcess:
    """One process of the club, in a session of its own, with its output in a file.

    On Linux the kernel kills the process when the test's process ends. ``python`` is the
    interpreter of another release.
    """

    def __init__(
        self,
        folder: Path,
        *arguments: str,
        settings: Mapping[str, str],
        module: str = APP,
        python: str = sys.executable,
    ) -> None:
        self.name, self.role = " ".join(arguments), arguments[0]
        self.settings = settings
        self._log = folder / f"{self.role}-{id(self)}.log"
        with self._log.open("wb") as log:
            self._process = psutil.Popen(
                command(*arguments, module=module, python=python),
                env=environment(folder, **settings),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                # SIGKILL, which also ends a process whose handler waits.
                preexec_fn=partial(end_with_parent, signal.SIGKILL) if LINUX else None,
            )

    @property
    def output(self) -> str:
        """The process's stdout and stderr so far."""
        return self._log.read_text(encoding="utf-8")

    @property
    def is_ready(self) -> bool:
        """Whether the process has told that it is ready."""
        return READY[self.role] in self.output

    @property
    def running(self) -> bool:
        """Whether the process is still running."""
        return self._process.poll() is None

    def family(self) -> list[psutil.Process]:
        """Return the process and all its descendants."""
        return process_control.with_descendants(self._process)

    def worker_of(self, subscriber: str) -> psutil.Process:
        """Wait until a subscriber has a worker process, and return that."""
        found = eventually(lambda: self._worker_of(subscriber), within=30)
        assert found is not None
        return found

    def _worker_of(self, subscriber: str) -> psutil.Process | None:
        for process in self.family():
            with suppress(psutil.NoSuchProcess):
                line = process.cmdline()
                if line[-1:] == [subscriber] and WATCHDOG not in line:
                    return process
        return None

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the process."""
        self._process.send_signal(number)

    def kill(self) -> None:
        """Kill the process and all its descendants by SIGKILL."""
        process_control.kill(self._process, PROCESS_TIMEOUT)

    def wait(self, within: float = PROCESS_TIMEOUT) -> int:
        """Wait for the process to end, up to ``within`` seconds, and return its exit code."""
        code: int = self._process.wait(within)
        return code

    def expect(self, words: str) -> None:
        """Wait until the output contains `words`. Raises AssertionError with the output."""
        eventually(lambda: words in self.output or not self.running, within=PROCESS_TIMEOUT)
        assert words in self.output, f"{self.name}: {self.output}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        family = self.family() if self.running else []
        with suppress(psutil.NoSuchProcess):
            self.send(signal.SIGTERM)
        with suppress(psutil.TimeoutExpired):
            self._process.wait(PROCESS_TIMEOUT)
        process_control.kill_each(family)
