"""The command ``reading-club``."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reading_club.adapters.uow_sqla import migrations
from reading_club.app.cli import main
from reading_club.service.subscribers import SUBSCRIBERS


def call(*arguments: str) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(main, arguments)


def test_the_commands_are_listed() -> None:
    """``--help`` names every command."""
    output = call("--help").output

    names = ("run", "web", "worker", "relay", "migrate", "status", "reconcile", "dead-letters")
    assert all(name in output for name in names)


def test_migrate_brings_the_schema_up_and_can_be_repeated() -> None:
    """A second ``migrate`` succeeds with the same output."""
    first, second = call("migrate"), call("migrate")

    assert (first.exit_code, second.exit_code) == (0, 0)
    assert first.output == second.output
    assert f"schema {migrations.head()}" in first.output


@pytest.mark.parametrize("command", ["web", "worker", "relay", "reconcile"])
def test_a_schema_that_is_behind_stops_the_start(
    command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command exits with 2, and its error names ``reading-club migrate``."""
    monkeypatch.setenv("READING_CLUB_BROKER_URL", "memory://")

    result = call(command)

    assert result.exit_code == 2
    assert "reading-club migrate" in result.stderr


def test_status_tells_what_is_away() -> None:
    """Without a schema the status is ``unavailable``, and the exit code is 1."""
    result = call("status")

    assert result.exit_code == 1
    assert "unavailable" in result.output
    assert "migrate" in result.output


@pytest.mark.usefixtures("running")
def test_status_is_readable_for_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """With database and broker available, the JSON contains every count."""
    monkeypatch.setenv("READING_CLUB_BROKER_URL", "memory://")

    result = call("status", "--json")

    assert result.exit_code == 0
    report = json.loads(result.output)
    assert report["health"]["status"] == "ok"
    assert report["culprits"] == []
    assert report["running"] == {"relay": 1} | {f"worker {s.name}": 1 for s in SUBSCRIBERS}
    assert report["outbox"] == {"pending": 0, "oldest_seconds": None}
    assert report["subscribers"] == [
        {
            "name": subscriber.name,
            "published": 0,
            "handled": 0,
            "lag": 0,
            "lag_seconds": None,
            "dead_letters": 0,
            "paused_since": None,
        }
        for subscriber in SUBSCRIBERS
    ]


@pytest.mark.parametrize("folder", ["a b", "50%20%s", "wh?at=1", "ünï#", "it's"])
def test_a_folder_may_have_any_name(
    folder: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The database is created in a data folder with special characters in its name."""
    monkeypatch.setenv("READING_CLUB_DATA_DIR", str(tmp_path / folder))

    assert call("migrate").exit_code == 0
    assert (tmp_path / folder / "club.sqlite3").exists()
