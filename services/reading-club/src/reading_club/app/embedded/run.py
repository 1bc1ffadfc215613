"""The command ``reading-club run``: all processes on one data folder, stopped by one Ctrl-C."""

import asyncio
import errno
import fcntl
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from reading_club.app.accounts.membership import new_welcome_link
from reading_club.app.bootstrap.web import open_application_without_broker
from reading_club.app.embedded.broker import EmbeddedBroker, free_port
from reading_club.app.keep_alive import keeping_alive
from reading_club.app.metrics.children import CLUB, environments
from reading_club.app.private_files import FOLDER, write_private
from reading_club.app.processes.all_workers import workers
from reading_club.app.settings import ConfigurationError, Settings
from reading_club.app.supervision.child import ChildProcess, report_ready
from reading_club.app.supervision.supervisor import (
    COMMAND,
    START_DEADLINE,
    STOP_DEADLINE,
    started,
    stop_on_signals,
    supervise,
)
from reading_club.app.web.policy import is_loopback
from reading_club.app.wiring import require_wiring
from reading_club.eventstream.errors import TransientFailure
from reading_club.eventstream.liveness import Liveness

DEFAULT_PORT = 8000


def run(settings: Settings, *, verbose: bool = False) -> None:
    """Run the club until SIGINT, SIGTERM or SIGHUP. Raises ConfigurationError and WiringError.

    Each process upgrades the schema first, which has no effect on a current schema. It logs to a
    file in the data folder, or to the console if ``verbose``.
    """
    require_wiring()
    stopping = stop_on_signals()
    with data_dir_lock(settings), broker_url(settings) as (url, broker):
        port = choose_port(settings)
        os.environ["READING_CLUB_BROKER_URL"] = url  # for the children
        os.environ.pop("READING_CLUB_BROKER_URL_FILE", None)
        os.environ["READING_CLUB_PORT"] = str(port)
        logs = None if verbose else logs_folder(settings)
        web = ["web", "--open-until-claimed"] if is_private(settings) else ["web"]
        ports = environments(settings, CLUB)
        others = [
            ChildProcess(
                name, [*COMMAND, *command, "--migrate"], logs and logs / f"{name}.log", ports[name]
            )
            for name, command in (("relay", ["relay"]), ("web", web))
        ]
        children = [*workers("--migrate", environments=ports, logs=logs), *others]
        liveness = Liveness(settings.stalled_after)
        with started(children, stopping), keeping_alive(liveness):
            report_ready()
            if not stopping.is_set():
                page = address(settings.host, port)
                click.echo(opening(settings, page, children, logs, welcome_link(settings, page)))
            supervise([*broker, *children], stopping, liveness)
    click.echo("The club is closed.")


def opening(
    settings: Settings,
    page: str,
    children: Sequence[ChildProcess],
    logs: Path | None,
    welcome: str | None,
) -> str:
    """Return the lines that say what runs, where, how to begin, and how to stop."""
    names = ", ".join(child.name for child in reversed(children))
    data = "in the database of the settings" if settings.database_url else settings.data_dir
    begin = f"Nobody has claimed it yet. Become its organiser: {welcome}"
    return "\n".join(
        [
            f"The club is open: {page}",
            f"Running: {names}. Data: {data}. Logs: {logs or 'here'}.",
            *([begin] if welcome else []),
            "Ctrl-C closes it.",
        ]
    )


def is_private(settings: Settings) -> bool:
    """Whether the web process is reached from this machine alone, and by no proxy."""
    is_behind_a_proxy = settings.origin is not None or bool(settings.trusted_proxies)
    return is_loopback(settings.host) and not is_behind_a_proxy


def welcome_link(settings: Settings, page: str) -> str | None:
    """Return a new link that makes its holder the organiser; None on a claimed club.

    It is None as well while the database does not answer.
    """

    async def make() -> str | None:
        async with open_application_without_broker(settings) as application:
            return await new_welcome_link(application)

    try:
        secret = asyncio.run(make())
    except TransientFailure:
        return None
    return f"{page}/welcome?token={secret}" if secret else None


def logs_folder(settings: Settings) -> Path:
    """Return the folder of the logs, made for its owner alone. Raises ConfigurationError."""
    folder = settings.data_dir / "logs"
    try:
        folder.mkdir(mode=FOLDER, exist_ok=True)
    except OSError as exc:
        raise ConfigurationError(f"{folder} cannot be made: {exc.strerror}") from exc
    return folder


def address(host: str, port: int) -> str:
    """Return the URL by which a browser on this machine reaches the web process."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # any, seen from here
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@contextmanager
def broker_url(settings: Settings) -> Iterator[tuple[str, list[ChildProcess]]]:
    """Yield the URL of the broker, and the process of an embedded one, which is stopped on exit."""
    if settings.broker_url is not None:
        yield settings.broker_url.get_secret_value(), []
        return
    broker = EmbeddedBroker(settings.data_dir)
    broker.start()
    try:
        if not broker.wait_until_answering(START_DEADLINE):
            raise ConfigurationError(f"the broker did not start: its reasons are in {broker.log}")
        write_private(settings.broker_file, broker.url)
        yield broker.url, [broker]
    finally:
        settings.broker_file.unlink(missing_ok=True)
        broker.stop(STOP_DEADLINE)


def choose_port(settings: Settings) -> int:
    """Return the port of the settings; without one 8000, or a free port if 8000 is in use.

    Raises ConfigurationError for an unusable host, and for a port of the settings that is in use.
    """
    wanted = DEFAULT_PORT if settings.port is None else settings.port
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        with socket.create_server((settings.host, wanted), family=family) as probe:
            return int(probe.getsockname()[1])
    except OSError as exc:
        if exc.errno != errno.EADDRINUSE:
            text = f"READING_CLUB_HOST cannot be used: {settings.host}"
            raise ConfigurationError(text) from exc
    if settings.port:
        raise ConfigurationError(f"port {wanted} is in use: set READING_CLUB_PORT to another one")
    return free_port()


@contextmanager
def data_dir_lock(settings: Settings) -> Iterator[None]:
    """Lock the data folder. Raises ConfigurationError if another process holds the lock."""
    settings.make_data_dir()
    path = settings.data_dir / "run.lock"
    try:
        lock = path.open("w")
    except OSError as exc:
        raise ConfigurationError(f"{path} cannot be written: {exc.strerror}") from exc
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            text = f"the club in {settings.data_dir} is running already"
            raise ConfigurationError(text) from None
        yield
