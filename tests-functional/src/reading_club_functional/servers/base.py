"""What every private server does."""

import contextlib
import os
import signal
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Self

import psutil

from reading_club_functional.polling import NotInTime, eventually
from reading_club_functional.servers import processes
from reading_club_functional.servers.account import Account
from reading_club_functional.servers.guarded import Command, Guardian
from reading_club_functional.servers.ports import free_ports, is_free

_ATTEMPTS = 5
_LAST_WORDS = 60


class ServerDidNotStart(Exception):
    """A private server ended or stayed silent instead of answering; the end of its log follows."""

    def __init__(self, server: str, reason: str, log: str) -> None:
        super().__init__(f"{server} {reason}\n{log or '(it said nothing)'}")
        self.server = server
        self.reason = reason
        self.log = log


class Server(ABC):
    """A real server on free ports of 127.0.0.1, with a folder of its own.

    `start`, `stop`, `kill`, `freeze` and `thaw` may follow each other in any order and keep the
    ports and the data. `close`, and the end of this process whatever ends it, removes everything.
    As a context manager it starts and closes. Every method blocks, and none for ever.
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
        self._guardian: Guardian | None = None
        self._process: psutil.Process | None = None

    @classmethod
    @abstractmethod
    def missing(cls) -> str | None:
        """How to install what is not there; None when the server can be started."""

    @property
    @abstractmethod
    def url(self) -> str:
        """Where it listens, the same over all its starts."""

    @abstractmethod
    def _command(self) -> Command:
        """What runs the server in the foreground on its ports, in its folder."""

    @abstractmethod
    def _answers(self) -> bool:
        """Whether a client gets an answer; bounded."""

    @property
    def port(self) -> int:
        """Where clients connect."""
        self._guarded()
        return self._ports[0]

    @property
    def pid(self) -> int:
        """The server's main process, of the last start."""
        return self._main().pid

    @property
    def folder(self) -> Path:
        """Data, configuration and log."""
        return self._guarded().folder

    @property
    def running(self) -> bool:
        """Whether the process is there, frozen or not."""
        return processes.alive(self._process)

    def start(self) -> None:
        """Start, and return when a client is answered; nothing when it runs.

        Raises `ServerDidNotStart`, and has closed the server then.
        """
        if self.running:
            return
        try:
            self._guardian = self._guardian or Guardian(self._account)
            self._run() if self._ports else self._run_on_free_ports()
        except BaseException:
            self.close()
            raise

    def stop(self) -> None:
        """End in order, as an administrator would; by SIGKILL when that takes too long."""
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
        """SIGKILL, for the server and all its processes at once."""
        if self._process is not None:
            processes.kill(self._process, self.stop_within)

    def freeze(self) -> None:
        """SIGSTOP: connections stay open, new ones are accepted, and nothing answers."""
        self._main().suspend()

    def thaw(self) -> None:
        """SIGCONT: go on where `freeze` stopped; nothing when it was not frozen."""
        self._main().resume()

    def close(self) -> None:
        """End it without ceremony and remove its folder; a later start begins from nothing."""
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
        """The process that is going to serve, or one that has ended in the attempt."""
        return self._guarded().start(self._command(), self.discard_signal)

    def _environment(self, **variables: str) -> dict[str, str]:
        """All that a server learns of ours: no setting of this machine's servers among it."""
        folder = str(self.folder)
        inherited = {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8"}
        return {**inherited, "HOME": folder, "TMPDIR": folder, **variables}

    def _run_on_free_ports(self) -> None:
        """When somebody takes one of the ports before the server does, try others."""
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
        return processes.listens(self._process, self.port) and self._answers()

    def _failure(self, reason: str) -> ServerDidNotStart:
        log = self._guarded().log
        lines = log.read_text(errors="replace").splitlines() if log.exists() else []
        return ServerDidNotStart(type(self).__name__, reason, "\n".join(lines[-_LAST_WORDS:]))

    def _guarded(self) -> Guardian:
        if self._guardian is None:
            raise RuntimeError(f"{type(self).__name__} was not started")
        return self._guardian

    def _main(self) -> psutil.Process:
        if self._process is None:
            raise RuntimeError(f"{type(self).__name__} was not started")
        return self._process
