"""What is wrong with the settings, and with files on this machine."""

import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from reading_club.app.bootstrap.broker import broker_url
from reading_club.app.bootstrap.database import database_file, database_url
from reading_club.app.doctor.findings import Finding
from reading_club.app.private_files import BESIDE, FILE, FOLDER, OURS, is_file
from reading_club.app.settings import ConfigurationError, Settings
from reading_club.app.web.policy import is_loopback


def unusable_database(settings: Settings) -> list[Finding]:
    """Return a finding if the address of the database is unusable."""
    return _unusable(database_url, settings)


def unusable_broker(settings: Settings) -> list[Finding]:
    """Return a finding if the address of the broker is unusable, or there is none."""
    return _unusable(broker_url, settings)


def _unusable(read: Callable[[Settings], object], settings: Settings) -> list[Finding]:
    try:
        read(settings)
    except ConfigurationError as exc:
        return [
            Finding(
                about="settings",
                wrong=str(exc),
                means="no process starts with these settings",
                do="set the variable in the environment of every process",
            )
        ]
    return []


def open_ports(settings: Settings) -> Iterator[Finding]:
    """Yield a finding for each port that strangers may reach without protection."""
    is_behind_a_proxy = settings.origin is not None or bool(settings.trusted_proxies)
    if not is_loopback(settings.host) and not is_behind_a_proxy:
        yield Finding(
            about="settings",
            wrong=f"web listens on {settings.host}, and no proxy is set",
            means="passwords travel in clear text on that network",
            do="put a proxy with TLS before it and set READING_CLUB_ORIGIN and "
            "READING_CLUB_TRUSTED_PROXIES, or set READING_CLUB_HOST to 127.0.0.1",
        )
    if settings.metrics_port is not None and not is_loopback(settings.metrics_host):
        yield Finding(
            about="settings",
            wrong=f"the metrics are served on {settings.metrics_host} without log-in",
            means="who reaches that address sees how much is done in the club",
            do="let the scraper alone reach the port, or set READING_CLUB_METRICS_HOST to "
            "127.0.0.1",
        )


def readable_files(settings: Settings) -> Iterator[Finding]:
    """Yield a finding for each file with the club's data or secrets that others may read."""
    folder = settings.data_dir
    if any(is_file(folder / name) for name in OURS) and (mode := _too_wide(folder, FOLDER)):
        yield _readable(folder, mode, FOLDER)
    for path in _private_files(settings):
        if mode := _too_wide(path, FILE):
            yield _readable(path, mode, FILE)


def _private_files(settings: Settings) -> Iterator[Path]:
    yield settings.broker_file
    with suppress(ConfigurationError):
        if database := database_file(database_url(settings)):
            yield from (database.with_name(database.name + suffix) for suffix in BESIDE)


def _too_wide(path: Path, most: int) -> int:
    """Return the mode of a file that has more permissions than these; 0 if it has not."""
    with suppress(OSError):
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & ~most:
            return mode
    return 0


def _readable(path: Path, mode: int, most: int) -> Finding:
    return Finding(
        about="files",
        wrong=f"{path} has mode {mode:04o}",
        means="other users of this machine may read what members wrote, or the broker's password",
        do=f"run `chmod {most:o} {path}`",
    )
