"""The settings for mail: what needs what, and what they open."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from reading_club.app.bootstrap.mail import open_mail_sending
from reading_club.app.cli import main
from reading_club.app.settings import Settings

RIGHT = {
    "ORIGIN": "https://club.example",
    "SMTP_HOST": "smtp.example.org",
    "SMTP_SENDER": "club@club.example",
    "SMTP_USER": "club",
    "SMTP_PASSWORD": "hunter2",
}


def set_all(monkeypatch: pytest.MonkeyPatch, **changes: str | None) -> None:
    """Set the right settings, with changes; None leaves one out."""
    for name, value in {**RIGHT, **changes}.items():
        if value is not None:
            monkeypatch.setenv(f"READING_CLUB_{name}", value)


@pytest.mark.usefixtures("data_dir")
@pytest.mark.parametrize(
    ("name", "value", "named"),
    [
        ("ORIGIN", None, "SMTP_HOST: Value error, needs READING_CLUB_ORIGIN"),
        ("SMTP_SENDER", None, "SMTP_SENDER: Value error, must be set"),
        ("SMTP_SENDER", "club", "SMTP_SENDER: must look like ann@example.org"),
        ("SMTP_SENDER", "a@b.c\r\nBcc: d@e.f", "SMTP_SENDER: must look like ann@example.org"),
        ("SMTP_PASSWORD", None, "SMTP_PASSWORD: Value error, must be set"),
        ("SMTP_TLS", "ssl", "SMTP_TLS"),
        ("SMTP_PORT", "0", "SMTP_PORT"),
        ("DIGEST_HOURS", "0", "DIGEST_HOURS"),
    ],
)
def test_a_wrong_setting_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str | None, named: str
) -> None:
    """In one line, without the password, before anything starts."""
    set_all(monkeypatch, **{name: value})
    monkeypatch.setenv("READING_CLUB_BROKER_URL", "memory://")

    for command in ("web", "relay"):
        refused = CliRunner().invoke(main, (command,))

        assert refused.exit_code == 2
        assert f"READING_CLUB_{named}" in refused.stderr
        assert "hunter2" not in refused.output


@pytest.mark.usefixtures("data_dir")
async def test_what_is_set_is_opened(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With the password of a file, which is not told."""
    secret = tmp_path / "password"
    secret.write_text("hunter2\n")
    set_all(monkeypatch, SMTP_PASSWORD=None, SMTP_PASSWORD_FILE=str(secret), DIGEST_HOURS="12")

    async with open_mail_sending(Settings()) as sending:
        assert sending is not None
        server = sending.connect.__self__  # type: ignore[attr-defined] # it is a bound method
        assert (server.host, server.port, server.tls) == ("smtp.example.org", None, "starttls")
        assert (server.user, server.password) == ("club", "hunter2")
        assert "hunter2" not in repr(sending) + repr(Settings())
        assert (sending.origin, sending.address) == ("https://club.example", "club@club.example")
        assert sending.every == 12 * 3600


@pytest.mark.usefixtures("data_dir")
async def test_without_a_server_nothing_is_opened() -> None:
    """As is the default."""
    async with open_mail_sending(Settings()) as sending:
        assert sending is None
