"""The club as its operators run it: processes of the command ``reading-club``."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

import httpx2
import psutil

from reading_club.app.embedded.leash import end_with_parent
from reading_club_functional.polling import eventually
from reading_club_functional.servers.ports import free_ports

COMMAND = [sys.executable, "-m", "reading_club.app"]
PATIENCE = 30.0
"""Seconds that a process has to start or to stop."""


def environment(folder: Path, **settings: str) -> dict[str, str]:
    """Return the environment of a process: nothing of the machine's settings, and these."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("READING_CLUB_")}
    ours = {f"READING_CLUB_{name.upper()}": text for name, text in settings.items()}
    return {**inherited, "READING_CLUB_DATA_DIR": str(folder / "var"), **ours}


class ClubProcess:
    """One process of the club, in a session of its own, with its output in a file.

    On Linux it ends also when the test's process is killed.
    """

    def __init__(self, folder: Path, *arguments: str, settings: Mapping[str, str]) -> None:
        self.name = " ".join(arguments)
        self._log = folder / f"{arguments[0]}-{id(self)}.log"
        with self._log.open("wb") as log:
            self._process = psutil.Popen(
                [*COMMAND, *arguments],
                env=environment(folder, **settings),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=end_with_parent if sys.platform == "linux" else None,
            )

    @property
    def output(self) -> str:
        """Everything that it has printed."""
        return self._log.read_text(encoding="utf-8")

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def family(self) -> list[psutil.Process]:
        """Return the process and everything that it has started."""
        return [self._process, *self._process.children(recursive=True)]

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def wait(self) -> int:
        """Wait for its end and return the exit code."""
        code: int = self._process.wait(PATIENCE)
        return code

    def expect(self, words: str) -> None:
        """Wait until it has printed the words. Raises AssertionError with its output."""
        eventually(lambda: words in self.output or not self.running, within=PATIENCE)
        assert words in self.output, f"{self.name}: {self.output}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        family = self.family() if self.running else []
        with suppress(psutil.NoSuchProcess):
            self.send(signal.SIGTERM)
        with suppress(psutil.TimeoutExpired):
            self._process.wait(PATIENCE)
        for process in family:
            with suppress(psutil.NoSuchProcess):
                process.kill()


class Browser(httpx2.Client):
    """A client of one club."""

    def add_book(self, **book: str) -> httpx2.Response:
        """Register a book over HTTP."""
        return self.post("/api/books", json=book)

    def activity(self) -> list[dict[str, Any]]:
        """Return what the worker wrote, the newest first."""
        items: list[dict[str, Any]] = self.get("/api/activity").json()["items"]
        return items


@contextmanager
def open_club(folder: Path, database_url: str, broker_url: str) -> Iterator[Browser]:
    """Run web and worker on a database and a broker, and lend a browser on the club."""
    (port,) = free_ports(1)
    settings = {"database_url": database_url, "broker_url": broker_url, "port": str(port)}
    subprocess.run([*COMMAND, "migrate"], env=environment(folder, **settings), check=True)
    with (
        ClubProcess(folder, "worker", settings=settings) as worker,
        ClubProcess(folder, "web", settings=settings) as web,
        Browser(base_url=f"http://127.0.0.1:{port}", timeout=10) as browser,
    ):
        worker.expect("ready")
        web.expect("running on")
        yield browser
