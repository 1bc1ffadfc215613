"""The settings for a proxy; uvicorn believes the headers of trusted proxies alone."""

from typing import Any

import pytest
from click.testing import CliRunner

from reading_club.app.cli import main
from reading_club.app.processes.web import configuration, policy_of
from reading_club.app.settings import Settings
from reading_club.app.web.policy import WebPolicy

FORWARDED = [(b"x-forwarded-for", b"203.0.113.9, 192.0.2.1"), (b"x-forwarded-proto", b"https")]


async def seen_from(peer: str) -> tuple[str, str]:
    """Return the client's address and the scheme as the application sees them."""
    seen: list[Any] = []

    async def app(scope: Any, _: Any, __: Any) -> None:
        seen.append(scope)

    async def nothing(*_: Any) -> Any:
        raise AssertionError

    config = configuration(Settings(), app)
    config.load()
    scope: Any = {"type": "http", "client": (peer, 1), "scheme": "http", "headers": FORWARDED}
    await config.loaded_app(scope, nothing, nothing)
    return seen[0]["client"][0], seen[0]["scheme"]


@pytest.mark.parametrize("trusted_by_uvicorn", [None, "*", "127.0.0.1"])
async def test_no_proxy_is_trusted_unless_it_is_told(
    monkeypatch: pytest.MonkeyPatch, trusted_by_uvicorn: str | None
) -> None:
    """Not even one on this machine, whatever the variable of uvicorn says."""
    if trusted_by_uvicorn:
        monkeypatch.setenv("FORWARDED_ALLOW_IPS", trusted_by_uvicorn)

    assert await seen_from("127.0.0.1") == ("127.0.0.1", "http")


@pytest.mark.parametrize("trusted_by_uvicorn", ["*", ""])
async def test_a_trusted_proxy_tells_the_address_of_the_visitor(
    monkeypatch: pytest.MonkeyPatch, trusted_by_uvicorn: str
) -> None:
    """The last address that is no proxy's; what a visitor put before it is not believed."""
    monkeypatch.setenv("READING_CLUB_TRUSTED_PROXIES", "127.0.0.1, 10.0.0.0/24,fd00::/64")
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", trusted_by_uvicorn)

    for proxy in ("127.0.0.1", "10.0.0.77", "fd00::1"):
        assert await seen_from(proxy) == ("192.0.2.1", "https")
    for other in ("127.0.0.2", "10.0.1.1", "fd00:1::1", "192.0.2.1"):
        assert await seen_from(other) == (other, "http")


def test_the_settings_are_the_policy_of_the_web_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without settings the club is on loopback, where it checks the Host header."""
    without = policy_of(Settings())
    monkeypatch.setenv("READING_CLUB_ORIGIN", "HTTPS://Club.example:443")
    monkeypatch.setenv("READING_CLUB_TRUSTED_PROXIES", "10.0.0.5")
    monkeypatch.setenv("READING_CLUB_HOST", "0.0.0.0")

    assert without == WebPolicy(None, (), "127.0.0.1")
    assert policy_of(Settings()) == WebPolicy("https://club.example", ("10.0.0.5/32",), "0.0.0.0")


WRONG_ORIGINS = (
    *("club.example", "ftp://club.example", "https://", "", "https://club.example/", "https://*"),
    *(f"https://club.example{end}" for end in ("/path", ":x", ":99999", "?q", "#f", " x")),
    *("https://user:hunter2@club.example", "https://cl\u00fcb.example"),
)
WRONG_PROXIES = ("*", "proxy", "10.0.0.1/8", "0.0.0.0/0", "::/0", "", ",", "10.0.0.1,*")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("ORIGIN", value) for value in WRONG_ORIGINS),
        *(("TRUSTED_PROXIES", value) for value in WRONG_PROXIES),
    ],
)
def test_a_wrong_setting_of_a_proxy_is_named(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An origin is scheme and host; proxies are addresses, and never all of them."""
    monkeypatch.setenv(f"READING_CLUB_{name}", value)

    result = CliRunner().invoke(main, ["web"])

    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"reading-club: READING_CLUB_{name}: ")
    assert "hunter2" not in line
