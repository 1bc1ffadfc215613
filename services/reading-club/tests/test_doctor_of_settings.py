"""What ``reading-club doctor`` says of settings and files."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from reading_club.app.cli import main


@pytest.fixture(autouse=True)
def broker(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker in memory."""
    monkeypatch.setenv("READING_CLUB_BROKER_URL", "memory://")


def call(*arguments: str) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(main, arguments)


def found(about: str) -> list[dict[str, Any]]:
    """Return the findings about these parts of the club."""
    findings = json.loads(call("doctor", "--json").output)["findings"]
    return [each for each in findings if each["about"] in about]


@pytest.mark.usefixtures("running")
def test_open_ports_and_files_are_named(monkeypatch: pytest.MonkeyPatch, data_dir: Path) -> None:
    """What strangers reach on the network, and what other users of the machine can read."""
    monkeypatch.setenv("READING_CLUB_HOST", "0.0.0.0")
    monkeypatch.setenv("READING_CLUB_METRICS_PORT", "9100")
    monkeypatch.setenv("READING_CLUB_METRICS_HOST", "0.0.0.0")
    broker_file = data_dir / "broker.url"
    broker_file.write_text("redis://:hunter2@127.0.0.1", encoding="utf-8")
    broker_file.chmod(0o644)
    data_dir.chmod(0o755)

    text = "\n".join(each["sentence"] for each in found("settings files"))

    assert "web listens on 0.0.0.0, and no proxy is set: passwords" in text
    assert "the metrics are served on 0.0.0.0 without log-in" in text
    assert f"{broker_file} has mode 0644" in text
    assert f"run `chmod 700 {data_dir}`" in text
    assert "hunter2" not in text


@pytest.mark.usefixtures("running")
def test_a_broker_of_no_address_is_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other parts are looked at nevertheless."""
    monkeypatch.setenv("READING_CLUB_BROKER_URL", "hunter2")

    (finding,) = found("settings broker database")

    assert finding["about"] == "settings"
    assert "READING_CLUB_BROKER_URL" in finding["wrong"]
    assert "hunter2" not in call("doctor").output
    assert "database" in call("doctor").output


def test_a_database_of_no_address_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """No more can be looked at."""
    monkeypatch.setenv("READING_CLUB_DATABASE_URL", "hunter2")

    (finding,) = found("settings broker database")

    assert "READING_CLUB_DATABASE_URL" in finding["wrong"]
    assert call("doctor").output.endswith("looked at settings, files\n")
