"""Addresses of database and broker in files, as containers and systemd hand them over."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from reading_club.app.cli import main
from reading_club.app.settings import Settings

NAMES = ("DATABASE_URL", "BROKER_URL")


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file with an address."""
    path = tmp_path / "address"
    path.write_text("amqp://club:hunter2@broker//\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("name", NAMES)
def test_an_address_may_lie_in_a_file(
    name: str, secret: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file's content is the setting, without the line's end."""
    monkeypatch.delenv(f"READING_CLUB_{name}", raising=False)
    monkeypatch.setenv(f"READING_CLUB_{name}_FILE", str(secret))

    address = getattr(Settings(), name.lower())

    assert address.get_secret_value() == "amqp://club:hunter2@broker//"


@pytest.mark.parametrize("name", NAMES)
def test_an_address_is_given_once(name: str, secret: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both the setting and its file are an error that names the setting."""
    monkeypatch.setenv(f"READING_CLUB_{name}", "amqp://hunter2@broker")
    monkeypatch.setenv(f"READING_CLUB_{name}_FILE", str(secret))

    result = CliRunner().invoke(main, ["status"])

    assert result.exit_code == 2
    assert f"READING_CLUB_{name}: " in result.stderr
    assert "beside its _FILE" in result.stderr
    assert "hunter2" not in result.output + result.stderr


@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, "cannot be read"), (b"", "is empty"), (b" \n", "is empty"), (b"\xffhunter2", "text")],
    ids=["missing", "empty", "blank", "binary"],
)
def test_a_file_without_an_address_is_told_in_one_line(
    content: bytes | None, reason: str, secret: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line names the variable and the file, and nothing of the content."""
    secret.unlink()
    if content is not None:
        secret.write_bytes(content)
    monkeypatch.setenv("READING_CLUB_DATABASE_URL_FILE", str(secret))

    result = CliRunner().invoke(main, ["status"])

    (line,) = result.stderr.splitlines()
    assert result.exit_code == 2
    assert line.startswith("reading-club: READING_CLUB_DATABASE_URL_FILE: ")
    assert str(secret) in line
    assert reason in line
    assert "hunter2" not in line
