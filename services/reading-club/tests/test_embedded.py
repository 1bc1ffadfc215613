"""Data folder, port and broker URL of ``reading-club run``."""

import socket
from pathlib import Path

import pytest
from pydantic import SecretStr

from reading_club.app.embedded.broker import free_port, quoted
from reading_club.app.embedded.run import address, choose_port, data_dir_lock, opening
from reading_club.app.private_files import write_private
from reading_club.app.settings import ConfigurationError, Settings
from reading_club.app.supervision.child import ChildProcess


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:80"),
        ("0.0.0.0", "http://127.0.0.1:80"),
        ("::", "http://[::1]:80"),
        ("books.example", "http://books.example:80"),
    ],
)
def test_the_announced_address_can_be_opened(host: str, url: str) -> None:
    """The URL has a host that a browser can open, also for wildcard addresses."""
    assert address(host, 80) == url


def test_a_path_is_quoted_as_valkey_reads_it() -> None:
    """Quotes and backslashes in a folder's name are escaped."""
    assert quoted(Path('/a "b"\\c')) == '"/a \\"b\\"\\\\c"'


def test_a_data_folder_serves_one_club(tmp_path: Path) -> None:
    """A second club in the same folder is refused, and the folder is free afterwards."""
    settings = Settings(data_dir=tmp_path)

    with (
        data_dir_lock(settings),
        pytest.raises(ConfigurationError, match="running already"),
        data_dir_lock(settings),
    ):
        pass
    with data_dir_lock(settings):
        pass


def test_a_port_that_was_asked_for_is_not_exchanged(tmp_path: Path) -> None:
    """A port of the settings that is in use is an error; port 0 selects a free one."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"port {port} is in use"):
            choose_port(Settings(data_dir=tmp_path, port=port))

    assert choose_port(Settings(data_dir=tmp_path, port=0)) > 0
    free = free_port()
    assert choose_port(Settings(data_dir=tmp_path, port=free)) == free


def test_secrets_are_written_for_their_owner_only(tmp_path: Path) -> None:
    """``write_private`` changes the mode of an existing file to 0600."""
    path = tmp_path / "broker.url"
    path.write_text("old")

    write_private(path, "redis://:secret@127.0.0.1:1/0")

    assert path.stat().st_mode & 0o777 == 0o600


def test_the_opening_says_what_runs_and_where(tmp_path: Path) -> None:
    """Four lines: address, processes, folders, and how to stop."""
    settings = Settings(data_dir=tmp_path, database_url=None)
    children = [ChildProcess("worker activity", []), ChildProcess("web", [])]

    lines = opening(settings, "http://127.0.0.1:80", children, tmp_path / "logs").split("\n")

    assert lines == [
        "The club is open: http://127.0.0.1:80",
        "Running: web, worker activity.",
        f"Data: {tmp_path}. Logs: {tmp_path / 'logs'}.",
        "Ctrl-C closes it.",
    ]


def test_a_password_of_the_database_is_not_shown(tmp_path: Path) -> None:
    """With a database of the settings the opening names no address of it."""
    url = "postgresql://ada:hunter2@db.example/club"
    settings = Settings(data_dir=tmp_path, database_url=SecretStr(url))

    assert "hunter2" not in opening(settings, "http://127.0.0.1:80", [], None)
