"""The command ``reading-club``."""

import json

import pytest
from click.testing import CliRunner, Result

from reading_club.app.cli import main


def call(*arguments: str) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(main, arguments)


def test_the_commands_are_listed() -> None:
    """Help names every command."""
    output = call("--help").output

    assert all(name in output for name in ("run", "web", "worker", "migrate", "status"))


def test_migrate_brings_the_schema_up_and_can_be_repeated() -> None:
    """The second time there is nothing to do."""
    first, second = call("migrate"), call("migrate")

    assert (first.exit_code, second.exit_code) == (0, 0)
    assert first.output == second.output
    assert "schema 0001" in first.output


@pytest.mark.parametrize("command", ["web", "worker"])
def test_a_schema_that_is_behind_stops_the_start(
    command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process does not start, and says what to do."""
    monkeypatch.setenv("READING_CLUB_BROKER_URL", "memory://")

    result = call(command)

    assert result.exit_code == 2
    assert "reading-club migrate" in result.stderr


def test_a_broker_that_nobody_named_stops_the_start() -> None:
    """The message names the variable to set."""
    call("migrate")

    result = call("web")

    assert result.exit_code == 2
    assert "READING_CLUB_BROKER_URL" in result.stderr


def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line says which variable is wrong."""
    monkeypatch.setenv("READING_CLUB_PORT", "eighty")

    result = call("web")

    assert result.exit_code == 2
    assert "READING_CLUB_PORT" in result.stderr


def test_status_tells_what_is_away() -> None:
    """Without a schema the club cannot serve, and the exit code says so to scripts."""
    result = call("status")

    assert result.exit_code == 1
    assert "unavailable" in result.output
    assert "migrate" in result.output


def test_status_is_readable_for_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """With database and broker there, everything is counted."""
    monkeypatch.setenv("READING_CLUB_BROKER_URL", "memory://")
    call("migrate")

    result = call("status", "--json")

    assert result.exit_code == 0
    report = json.loads(result.output)
    assert report["health"]["status"] == "ok"
    assert report["subscribers"] == [
        {"name": "activity", "published": 0, "handled": 0, "dead_letters": 0}
    ]


def test_no_command_prints_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a failure nor a report shows what an address contains."""
    monkeypatch.setenv("READING_CLUB_DATABASE_URL", "postgresql://club:hunter2@127.0.0.1:1/club")
    monkeypatch.setenv("READING_CLUB_BROKER_URL", "amqp://club:hunter2@127.0.0.1:1//")

    for command in (["status"], ["status", "--json"], ["migrate"], ["web"], ["worker"]):
        result = call(*command)
        assert result.exit_code != 0
        assert "hunter2" not in result.output + result.stderr + str(result.exception)
