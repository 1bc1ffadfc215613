"""systemd's protocol, spoken to a real socket."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from reading_club.app.sd_notify import environment_of_children, notify, watchdog_interval
from reading_club.app.supervision.child import report_ready

WITHIN = 10.0


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short name, as addresses of sockets are bounded."""
    with TemporaryDirectory() as name:
        yield Path(name)


@pytest.fixture(params=["file", "abstract"])
def systemd(
    request: pytest.FixtureRequest, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[socket.socket]:
    """The socket on which systemd listens."""
    address = str(folder / "notify")
    if request.param == "abstract":
        address = f"@reading-club-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(address.replace("@", "\0"))
        listener.settimeout(WITHIN)
        monkeypatch.setenv("NOTIFY_SOCKET", address)
        yield listener


def test_states_are_one_datagram(systemd: socket.socket) -> None:
    """Each state is a line, on a socket in a folder or in Linux's abstract namespace."""
    notify("READY=1", "STATUS=working")

    assert systemd.recv(200) == b"READY=1\nSTATUS=working"


def test_a_process_that_is_ready_tells_systemd(systemd: socket.socket) -> None:
    """As it tells its supervisor."""
    report_ready()

    assert systemd.recv(200) == b"READY=1"


def test_without_systemd_nothing_is_sent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither without the variable, nor if no socket listens."""
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    notify("READY=1")
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "nobody"))
    notify("READY=1")


@pytest.mark.parametrize(
    ("microseconds", "of", "seconds"),
    [
        ("10000000", None, 5.0),
        ("10000000", os.getpid(), 5.0),
        ("10000000", 1, None),
        ("soon", None, None),
        (None, None, None),
    ],
    ids=["any process", "this process", "another process", "no number", "not asked for"],
)
def test_the_watchdog_is_fed_twice_in_its_time(
    monkeypatch: pytest.MonkeyPatch, microseconds: str | None, of: int | None, seconds: float | None
) -> None:
    """Unless systemd expects it from another process, or not at all."""
    for name, value in (("WATCHDOG_USEC", microseconds), ("WATCHDOG_PID", of)):
        monkeypatch.delenv(name, raising=False)
        if value is not None:
            monkeypatch.setenv(name, str(value))

    assert watchdog_interval() == seconds


def test_children_do_not_speak_to_systemd(monkeypatch: pytest.MonkeyPatch) -> None:
    """A child that says it is ready, or stops, would speak for the service."""
    for name in ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "READING_CLUB_PORT"):
        monkeypatch.setenv(name, "1")

    inherited = environment_of_children()

    assert "READING_CLUB_PORT" in inherited
    assert not {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"} & inherited.keys()
