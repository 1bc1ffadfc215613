"""A private RabbitMQ node."""

import os
import secrets
import shutil
from collections.abc import Mapping

import psutil
from kombu import Connection
from kombu.exceptions import ConnectionError as RefusedByBroker
from kombu.exceptions import OperationalError

from reading_club_functional.polling import eventually
from reading_club_functional.servers import process_control
from reading_club_functional.servers.ports import LOOPBACK, borrowed_port
from reading_club_functional.servers.reaper_client import Command
from reading_club_functional.servers.server import Server

# Debian's /usr/sbin/rabbitmq-server requires root and starts the node in another session. It wraps
# a script that does neither, whose folder comes first here.
_SCRIPTS = ("/usr/lib/rabbitmq/bin", "/opt/homebrew/sbin", "/usr/local/sbin")
_ERLANG = ("/opt/homebrew/bin", "/usr/local/bin")
_CTL_PORTS = ("RABBITMQ_CTL_DIST_PORT_MIN", "RABBITMQ_CTL_DIST_PORT_MAX")
_EMPTY = """
    Host = <<"/">>, Guest = <<"guest">>, All = <<".*">>, Who = <<"tests">>,
    ok = rabbit_vhost:delete(Host, Who),
    ok = rabbit_vhost:add(Host, Who),
    ok = rabbit_auth_backend_internal:set_permissions(Guest, Host, All, All, All, Who).
"""


class RabbitMQServer(Server):
    """A node of the installed RabbitMQ, with its own Erlang port mapper (epmd).

    The node is isolated from the machine's own broker and from its configuration. No plugin is
    enabled. `settings` are lines of rabbitmq.conf.
    """

    ports_needed = 3
    start_within = 90.0

    def __init__(self, settings: Mapping[str, str] | None = None) -> None:
        super().__init__(settings)
        self.node = f"reading-club-{secrets.token_hex(6)}@localhost"
        self._mapper: psutil.Process | None = None

    @classmethod
    def missing(cls) -> str | None:
        """Return how to install RabbitMQ and Erlang; None when both are installed."""
        if all(map(_which, ("rabbitmq-server", "rabbitmqctl", "erl", "epmd"))):
            return None
        return "RabbitMQ is missing: apt-get install rabbitmq-server, or brew install rabbitmq"

    @property
    def url(self) -> str:
        """The URL of the virtual host `/`, for kombu and Celery."""
        return f"amqp://guest:guest@{LOOPBACK}:{self.port}//"

    def rabbitmqctl(self, *args: str) -> str:
        """Return the output of `rabbitmqctl` on this node.

        Raises `CalledProcessError` with stderr, or `TimeoutExpired` after killing the command.
        """
        argv = [_program("rabbitmqctl"), "--quiet", *args]
        with borrowed_port() as port:
            ports = dict.fromkeys(_CTL_PORTS, str(port))
            return self._account.run(argv, self._node_environment(**ports))

    def empty(self) -> None:
        """Delete the virtual host with its contents, and create it again.

        One `eval` is faster than three `rabbitmqctl` calls, each of which starts Erlang.
        """
        self.rabbitmqctl("eval", _EMPTY)

    def flush_to_disk(self) -> None:
        """Sync new queues to disk, so that they survive `kill`.

        RabbitMQ 3.10 registers a quorum queue's name before its Raft term is on disk: after a
        kill in the seconds between, the queue never gets a leader.
        """
        self.rabbitmqctl("eval", "[dets:sync(Table) || Table <- dets:all()].")

    def kill(self) -> None:
        """Kill the node and its port mapper by SIGKILL."""
        super().kill()
        if self._mapper is not None:
            process_control.kill(self._mapper, self.stop_within)

    def _launch(self) -> psutil.Process | None:
        """Start the port mapper, then the node, which would else start one that outlives it."""
        port = self._ports[2]
        if not process_control.listens(self._mapper, port):
            argv = [_program("epmd"), "-address", LOOPBACK, "-port", str(port)]
            command = Command(argv, self._node_environment())
            self._mapper = mapper = self._reaper_in_use().start(command, self.discard_signal)
            eventually(
                lambda: process_control.listens(mapper, port) or not process_control.alive(mapper)
            )
        return super()._launch() if process_control.alive(self._mapper) else self._mapper

    def _command(self) -> Command:
        reaper = self._reaper_in_use()
        if not (self.folder / ".erlang.cookie").exists():
            reaper.write(".erlang.cookie", secrets.token_hex(32))
        lines = {
            "listeners.tcp.local": f"{LOOPBACK}:{self.port}",
            "disk_free_limit.absolute": "1MB",
            **self.settings,
        }
        reaper.write("rabbitmq.conf", "".join(f"{key} = {text}\n" for key, text in lines.items()))
        for empty_list in ("advanced.config", "enabled_plugins"):
            reaper.write(empty_list, "[].\n")
        reaper.write("rabbitmq-env.conf", "")
        return Command([_program("rabbitmq-server")], self._node_environment())

    def _node_environment(self, **variables: str) -> dict[str, str]:
        """Return the environment; RUNNING_UNDER_SYSTEMD makes the script exec the node."""
        _, distribution, mapper, *_ = self._ports
        return self._environment(
            PATH=_path(),
            ERL_CRASH_DUMP_SECONDS="0",
            ERL_EPMD_ADDRESS=LOOPBACK,
            ERL_EPMD_PORT=str(mapper),
            RUNNING_UNDER_SYSTEMD="true",
            RABBITMQ_NODENAME=self.node,
            RABBITMQ_DIST_PORT=str(distribution),
            RABBITMQ_MNESIA_BASE=str(self.folder / "data"),
            RABBITMQ_LOG_BASE=str(self.folder / "log"),
            RABBITMQ_LOGS="-",
            RABBITMQ_CONFIG_FILE=str(self.folder / "rabbitmq.conf"),
            RABBITMQ_CONF_ENV_FILE=str(self.folder / "rabbitmq-env.conf"),
            RABBITMQ_ADVANCED_CONFIG_FILE=str(self.folder / "advanced.config"),
            RABBITMQ_ENABLED_PLUGINS_FILE=str(self.folder / "enabled_plugins"),
            RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1}",
            **variables,
        )

    def _answers(self) -> bool:
        timeouts = {"read_timeout": 5, "write_timeout": 5}
        try:
            with Connection(self.url, connect_timeout=5, transport_options=timeouts) as connection:
                connection.ensure_connection(max_retries=1, interval_start=0, interval_step=0)
        except (OperationalError, RefusedByBroker, OSError):
            return False
        return True


def _path() -> str:
    return os.pathsep.join([*_SCRIPTS, os.environ.get("PATH", os.defpath), *_ERLANG])


def _which(name: str) -> str | None:
    return shutil.which(name, path=_path())


def _program(name: str) -> str:
    """Return a program's path. Raises `FileNotFoundError` with what to install."""
    found = _which(name)
    if found is None:
        raise FileNotFoundError(RabbitMQServer.missing() or name)
    return found
