"""A missing or wrong setting ends a command with one line that shows no password."""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reading_club.app.cli import main


def call(*arguments: str) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(main, arguments)


@pytest.mark.usefixtures("data_dir")
def test_a_broker_that_nobody_named_stops_the_start() -> None:
    """Without a broker ``web`` exits with 2, and the error names the variable to set."""
    result = call("web")

    assert result.exit_code == 2
    assert "READING_CLUB_BROKER_URL" in result.stderr


def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line says which variable is wrong."""
    monkeypatch.setenv("READING_CLUB_PORT", "eighty")

    result = call("web")

    assert result.exit_code == 2
    assert "READING_CLUB_PORT" in result.stderr


@pytest.mark.usefixtures("data_dir")
@pytest.mark.parametrize(
    ("name", "days"), [("INBOX_DAYS", "7.5"), ("INBOX_DAYS", "0"), ("MESSAGES_DAYS", "6")]
)
def test_a_receipt_outlives_every_redelivery(
    name: str, days: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A retention that is shorter than redelivery is refused, and the variable is named."""
    monkeypatch.setenv("READING_CLUB_BROKER_URL", "memory://")
    monkeypatch.setenv(f"READING_CLUB_{name}", days)

    for command in ("web", "worker", "relay"):
        result = call(command)
        assert result.exit_code == 2
        assert f"READING_CLUB_{name}" in result.stderr


WRONG_DATABASES = ["postgresql://u:hunter2", "mysql://u:hunter2@h/db", "hunter2", "://hunter2"]
WRONG_BROKERS = ["redis://:hunt/er2@h:1/0", "amqp://u:hunter2", "redis://h:1/hunter2", "hunter2"]


@pytest.mark.usefixtures("data_dir")
@pytest.mark.parametrize(
    ("name", "address"),
    [
        *(("READING_CLUB_DATABASE_URL", address) for address in WRONG_DATABASES),
        *(("READING_CLUB_BROKER_URL", address) for address in WRONG_BROKERS),
    ],
)
def test_a_wrong_address_is_told_by_its_name_alone(
    name: str, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line names the variable; the address may hold a password and is not repeated."""
    monkeypatch.setenv("READING_CLUB_BROKER_URL", "memory://")
    monkeypatch.setenv(name, address)

    for command in ("web", "worker", "relay"):
        result = call(command)
        assert result.exit_code == 2
        assert name in result.stderr
        assert not {"hunter2", "er2"} & set(re.split(r"\W", result.output + result.stderr))


def test_a_data_folder_that_cannot_be_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A file in place of the data folder is an error that names the variable."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("READING_CLUB_DATA_DIR", str(tmp_path / "file"))

    result = call("migrate")

    assert result.exit_code == 2
    assert "READING_CLUB_DATA_DIR" in result.stderr


@pytest.mark.parametrize("command", ["migrate", "web", "relay", "reconcile"])
def test_a_file_that_is_no_database_is_told_in_one_line(
    command: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Exit code 2 and one line, without waiting for a database that stays unusable."""
    (tmp_path / "notes.txt").write_text("no database\n" * 200)
    monkeypatch.setenv("READING_CLUB_DATABASE_URL", f"sqlite:///{tmp_path / 'notes.txt'}")
    monkeypatch.setenv("READING_CLUB_BROKER_URL", "memory://")

    assert_one_line(call(command), "the file is not a database")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://u:p@127.0.0.1:1/club?foo=bar", "option"),
        ("postgresql://u:p@127.0.0.1:99999/club", "value"),
        ("postgresql://u:p@127.0.0.1:1/club", "not reachable"),
        ("postgresql://u:p@nowhere.invalid/club", "not reachable"),
        ("sqlite:////no/such/folder/club.sqlite3", "folder"),
        ("sqlite:////tmp", "cannot be made"),
        ("sqlite:///club.sqlite3?foo=bar", "option"),
    ],
)
def test_a_database_that_cannot_be_used_is_told_in_one_line(
    url: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line for an unknown option, bad port, unreachable server or missing folder."""
    monkeypatch.setenv("READING_CLUB_DATABASE_URL", url)

    assert_one_line(call("migrate"), words)


def test_a_data_folder_that_takes_no_files_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A data folder in which no file can be created is an error in one line."""
    monkeypatch.setenv("READING_CLUB_DATA_DIR", "/proc/self/task")

    assert_one_line(call("migrate"), "READING_CLUB_DATA_DIR")


def test_a_lock_that_is_a_folder_is_told_in_one_line(tmp_path: Path) -> None:
    """``run`` exits with one line if its lock file cannot be opened."""
    (tmp_path / "var" / "run.lock").mkdir(parents=True)

    assert_one_line(call("run"), "run.lock cannot be written")


def assert_one_line(result: Result, words: str) -> None:
    """Check that the command exited with 2 and one line that contains these words."""
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert line.startswith("reading-club: ")
    assert words in line


ONCE = (
    ["status"],
    ["status", "--json"],
    ["migrate"],
    ["reconcile"],
    ["dead-letters", "list"],
)
WAITING = (
    ["web"],
    ["worker", "--subscriber", "activity"],
    ["relay"],
)
"""Commands that wait for an unavailable database, but exit at once for a wrong URL."""
AWAY = "postgresql://club:hunter2@127.0.0.1:1/club"


@pytest.mark.parametrize(
    ("url", "commands"),
    [(AWAY, ONCE), (f"{AWAY}?hunter2=hunter2", [*ONCE, *WAITING, ["worker"]])],
    ids=["away", "unknown option"],
)
def test_no_command_prints_a_password(
    url: str, commands: Sequence[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither an error nor a report contains the password or options of a URL."""
    monkeypatch.setenv("READING_CLUB_DATABASE_URL", url)
    monkeypatch.setenv("READING_CLUB_BROKER_URL", "amqp://club:hunter2@127.0.0.1:1//")

    for command in commands:
        result = call(*command)
        assert result.exit_code != 0
        assert "hunter2" not in result.output + result.stderr + str(result.exception)
