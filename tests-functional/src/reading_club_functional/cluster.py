"""One club as real processes: web, relays and workers on a database and a broker."""

import asyncio
import json
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx2
from pydantic import SecretStr

from reading_club.app.bootstrap.database import upgrade_schema
from reading_club.app.settings import Settings
from reading_club.domain.messages import BookRegistered
from reading_club.service.subscribers import PROJECTIONS, SUBSCRIBERS
from reading_club_functional.database import Database
from reading_club_functional.process import APP, READY, ClubProcess, command, environment
from reading_club_functional.servers.ports import free_ports
from reading_club_functional.telemetry import observed_settings

LAST_LINES = 15
SUBSCRIBER_NAMES = tuple(subscriber.name for subscriber in SUBSCRIBERS)
PROJECTION_NAMES = tuple(subscriber.name for subscriber in PROJECTIONS)
"""The subscribers that write read models: a row for each book."""
BOOK_SUBSCRIBERS = tuple(each.name for each in SUBSCRIBERS if each.reads(BookRegistered))
"""The subscribers that get the event of a new book."""


class Browser(httpx2.Client):
    """An HTTP client of one club."""

    def add_book(self, **book: str) -> httpx2.Response:
        """Register a book over HTTP."""
        return self.post("/api/books", json=book)

    def activity(self) -> list[dict[str, Any]]:
        """Return the entries of the activity log, the newest first."""
        items: list[dict[str, Any]] = self.get("/api/activity").json()["items"]
        return items


class ClubCluster(ExitStack):
    """A club on a free port, whose processes can be started, killed and started again.

    All processes end with the ``with`` block of the club.
    """

    observed = False
    """Whether processes log JSON, serve metrics on a port each, and write spans to a file each."""
    module = APP
    """What its processes run, unless they are started with another module."""

    def __init__(self, folder: Path, **settings: str) -> None:
        super().__init__()
        self.folder = folder
        self.settings = {"port": str(*free_ports(1)), **settings}
        self.database = Database(settings["database_url"])
        self.url = f"http://127.0.0.1:{self.settings['port']}"
        self.browser = self.enter_context(Browser(base_url=self.url, timeout=10))

    @property
    def app_settings(self) -> Settings:
        """The settings of its processes, for an application in this process."""
        return Settings(
            database_url=SecretStr(self.settings["database_url"]),
            broker_url=SecretStr(self.settings["broker_url"]),
            data_dir=self.folder / "var",
        )

    def start(self, *arguments: str, module: str = "", **settings: str) -> ClubProcess:
        """Start a process, wait until it is ready and return it; ``settings`` apply to it alone."""
        return self.ready(self.begin(*arguments, module=module, **settings))[0]

    def begin(self, *arguments: str, module: str = "", **settings: str) -> ClubProcess:
        """Start a process like ``start``, without waiting until it is ready.

        Anybody may write through its web process, as under the command ``run``.
        """
        if arguments == ("web",):
            arguments = ("web", "--open-until-claimed")
        observed = observed_settings(self.folder, arguments[0]) if self.observed else {}
        ours = {**self.settings, **observed, **settings}
        return self.enter_context(
            ClubProcess(self.folder, *arguments, settings=ours, module=module or self.module)
        )

    def ready(self, *processes: ClubProcess) -> tuple[ClubProcess, ...]:
        """Wait until all these processes, started by ``begin``, are ready; return them."""
        for process in processes:
            process.expect(READY[process.role])
        return processes

    def worker(self, subscriber: str, **options: str) -> ClubProcess:
        """Start a worker of one subscriber."""
        return self.start("worker", "--subscriber", subscriber, **options)

    def begin_workers(self, *subscribers: str, without: str = "") -> list[ClubProcess]:
        """Start a worker for each of these subscribers, without waiting.

        The default are all subscribers but the one that is named by ``without``.
        """
        return [
            self.begin("worker", "--subscriber", subscriber)
            for subscriber in subscribers or SUBSCRIBER_NAMES
            if subscriber != without
        ]

    def log_tails(self) -> str:
        """Return the last lines of each process's output, for a test that fails."""
        tails: list[str] = []
        for log in sorted(self.folder.glob("*.log")):
            tails += [f"== {log.name}", *log.read_text(encoding="utf-8").splitlines()[-LAST_LINES:]]
        return "\n".join(tails)

    def call(self, *arguments: str) -> str:
        """Run a command and return its stdout. Raises CalledProcessError or TimeoutExpired."""
        done = self._run(*arguments)
        done.check_returncode()
        return done.stdout

    def status(self) -> tuple[int, dict[str, Any]]:
        """Return the exit code of the command ``status`` and its report."""
        done = self._run("status", "--json")
        report: dict[str, Any] = json.loads(done.stdout)
        return done.returncode, report

    def healthcheck(self, *arguments: str) -> tuple[int, str]:
        """Return the exit code of the command ``healthcheck`` and its sentence."""
        done = self._run("healthcheck", *arguments)
        return done.returncode, done.stdout.strip()

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command(*arguments),
            env=environment(self.folder, **self.settings),
            stdout=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )


@contextmanager
def prepared_cluster(
    folder: Path, database_url: str, broker_url: str, **settings: str
) -> Iterator[ClubCluster]:
    """Yield a club with a migrated database and without processes."""
    with ClubCluster(folder, database_url=database_url, broker_url=broker_url, **settings) as club:
        asyncio.run(upgrade_schema(club.app_settings))  # as ``migrate`` does, without its start
        yield club


@contextmanager
def open_cluster(
    folder: Path, database_url: str, broker_url: str, **settings: str
) -> Iterator[ClubCluster]:
    """Run web, relay and a worker for each subscriber, and yield the club."""
    with prepared_cluster(folder, database_url, broker_url, **settings) as club:
        club.ready(*club.begin_workers(), club.begin("relay"), club.begin("web"))
        yield club
