"""The base class of private servers: start, stop, kill, freeze, thaw, close."""

import contextlib
import os
import signal
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Self

import psutil

from reading_club_functional.polling import NotInTime, eventually
from reading_club_functional.servers import process_control
from reading_club_functional.servers.account import Account
from reading_club_functional.servers.ports import free_ports, is_free
from reading_club_functional.servers.reaper_client import Command, Reaper

_ATTEMPTS = 5
_LINES = 60


class ServerDidNotStart(Exception):
    """A private server ended or did not answer in time; the message has the end of its log."""


class Server(ABC):
    """A real server on free ports of 127.0.0.1, with a folder of its own.

    `start`, `stop`, `kill`, `freeze` and `thaw` may follow each other in any order and keep the
    ports and the data. `close`, and any end of this process, removes everything. The context
    manager starts and closes the server. Every method blocks, with a timeout.
    """

    ports_needed: ClassVar[int] = 1
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM
    discard_signal: ClassVar[signal.Signals] = signal.SIGKILL
    start_within: ClassVar[float] = 30.0
    stop_within: ClassVar[float] = 20.0

    def __init__(self, settings: Mapping[str, str] | None = None) -> None:
        self.settings = dict(settings or {})
        self._account = Account.for_servers()
        self._ports: tuple[int, ...] = ()
        self._guardian: Reaper | None = None
        self._process: psutil.Process | None = None

    @classmethod
    def missing(cls) -> str | None:
        """Return how to install the server; None if it is installed, as those from wheels are."""
        return None

    @property
    @abstractmethod
    def url(self) -> str:
        """The URL of the server, the same after each start."""

    @abstractmethod
    def _command(self) -> Command:
        """Return the command that runs the server in the foreground."""

    @abstractmethod
    def _answers(self) -> bool:
        """Whether a client gets an answer within a timeout."""

    @property
    def port(self) -> int:
        """The port that clients connect to."""
        self._reaper_in_use()
        return self._ports[0]

    @property
    def pid(self) -> int:
        """The pid of the server's main process, of the last start."""
        return self._main().pid

    @property
    def folder(self) -> Path:
        """The folder with data, configuration and log."""
        return self._reaper_in_use().folder

    @property
    def running(self) -> bool:
        """Whether the server's main process exists, frozen or not."""
        return process_control.alive(self._process)

    def start(self) -> None:
        """Start the server and wait until it answers; do nothing if it is running.

        Raises `ServerDidNotStart`, after closing the server.
        """
        if self.running:
            return
        try:
            self._guardian = self._guardian or Reaper(self._account)
            self._run() if self._ports else self._run_on_free_ports()
        except BaseException:
            self.close()
            raise

    def stop(self) -> None:
        """Stop the server in order, or by SIGKILL after ``stop_within`` seconds."""
        if not self.running:
            return
        self.thaw()
        try:
            self._main().send_signal(self.stop_signal)
            self._main().wait(self.stop_within)
        except psutil.NoSuchProcess:
            pass
        except psutil.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """Kill the server and all its processes by SIGKILL."""
        if self._process is not None:
            process_control.kill(self._process, self.stop_within)

    def freeze(self) -> None:
        """Stop the server by SIGSTOP: connections open and stay open, without any answer."""
        self._main().suspend()

    def thaw(self) -> None:
        """Continue a frozen server by SIGCONT; do nothing if it is not frozen."""
        self._main().resume()

    def close(self) -> None:
        """End the server and remove its folder; a later start begins without data."""
        if self._guardian is None:
            return
        with contextlib.suppress(psutil.NoSuchProcess):
            if self.running:
                self.thaw()
        self._guardian.close()
        self.kill()
        self._guardian, self._process, self._ports = None, None, ()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _launch(self) -> psutil.Process | None:
        """Start and return the server's process; None if it has already ended."""
        return self._reaper_in_use().start(self._command(), self.discard_signal)

    def _environment(self, **variables: str) -> dict[str, str]:
        """Return the server's whole environment, without this machine's server settings."""
        folder = str(self.folder)
        inherited = {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8"}
        return {**inherited, "HOME": folder, "TMPDIR": folder, **variables}

    def _run_on_free_ports(self) -> None:
        """Start on free ports, and on others if another process binds one before the server."""
        for attempts_left in reversed(range(_ATTEMPTS)):
            self._ports = free_ports(self.ports_needed)
            try:
                self._run()
            except ServerDidNotStart:
                self.kill()
                if not attempts_left or all(map(is_free, self._ports)):
                    raise
            else:
                return

    def _run(self) -> None:
        self._process = self._launch()
        try:
            eventually(lambda: not self.running or self._serves(), within=self.start_within)
        except NotInTime as late:
            raise self._failure(f"did not answer within {self.start_within:g} s") from late
        if not self.running:
            raise self._failure("ended instead of answering")

    def _serves(self) -> bool:
        return process_control.listens(self._process, self.port) and self._answers()

    def _failure(self, reason: str) -> ServerDidNotStart:
        log = self._reaper_in_use().log
        lines = log.read_text(errors="replace").splitlines() if log.exists() else []
        return ServerDidNotStart("\n".join([f"{type(self).__name__} {reason}", *lines[-_LINES:]]))

    def _reaper_in_use(self) -> Reaper:
        if self._guardian is None:
            raise RuntimeError(f"{type(self).__name__} was not started")
        return self._guardian

    def _main(self) -> psutil.Process:
        if self._process is None:
            raise RuntimeError(f"{type(self).__name__} was not started")
        return self._process
