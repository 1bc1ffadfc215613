"""Silent and slow connections leave the web process available to others."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx2
import pytest

from reading_club_functional.cluster import ClubCluster, prepared_cluster
from reading_club_functional.process import ClubProcess

SILENT = b""
HALF_A_HEAD = b"GET /api/books HTTP/1.1\r\nHost: club\r\nX-Slow: "
HALF_A_BODY = (
    b"POST /api/books HTTP/1.1\r\nHost: club\r\nContent-Type: application/json\r\n"
    b"Content-Length: 60000\r\n\r\n{"
)
MANY = 900
"""More connections than the web process keeps."""
AT_ONCE = 2.0
"""Seconds, with a margin for a slow machine."""


@pytest.fixture
def club(tmp_path: Path) -> Iterator[ClubCluster]:
    """A club on SQLite, with a broker in memory."""
    url = f"sqlite:///{tmp_path / 'club.sqlite3'}"
    with prepared_cluster(tmp_path, url, "memory://") as club:
        yield club


@pytest.fixture
def web(club: ClubCluster) -> ClubProcess:
    """The club's web process."""
    return club.start("web")


def connect(club: ClubCluster, stack: ExitStack, said: bytes) -> socket.socket:
    """Open a connection, send `said`, and leave the connection open."""
    address = (club.browser.base_url.host, club.browser.base_url.port or 80)
    connection = stack.enter_context(socket.create_connection(address, timeout=30))
    connection.sendall(said)
    return connection


@pytest.mark.parametrize("said", [SILENT, HALF_A_HEAD, HALF_A_BODY])
def test_slow_connections_lock_nobody_out(club: ClubCluster, web: ClubProcess, said: bytes) -> None:
    """Requests and health checks are answered at once despite 900 slow connections."""
    with ExitStack() as stack:
        for _ in range(MANY):
            connect(club, stack, said)

        for path in ("/healthz", "/readyz", "/api/books", "/"):
            start = time.monotonic()
            with httpx2.Client(base_url=club.url, timeout=10) as newcomer:
                answer = newcomer.get(path)
            took = time.monotonic() - start
            assert (path, answer.status_code) == (path, 200)
            assert took < AT_ONCE, f"{path} took {took:.1f} s"

    assert web.running
    assert "Traceback" not in web.output


def test_slow_heads_are_closed_in_time(club: ClubCluster, web: ClubProcess) -> None:
    """An endless request head is answered with 408, a silent connection is closed."""
    with ExitStack() as stack:
        slow, silent = (connect(club, stack, said) for said in (HALF_A_HEAD, SILENT))
        start = time.monotonic()

        ended = silent.recv(100)
        answer = slow.recv(4096)

    assert ended == b""
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert 5 < time.monotonic() - start < 20
    assert web.running


def test_a_title_of_marks_stops_nobody(club: ClubCluster, web: ClubProcess) -> None:
    """A title of combining marks, as long as a request may be, is refused at once with 422."""
    marks = {"title": "e" + "\u0301" * 32_000, "author": "A", "isbn": "0321125215"}
    body = httpx2.Request("POST", club.url, json=marks).content
    assert len(body) < 65_536

    start = time.monotonic()
    answers = [club.browser.post("/api/books", json=marks) for _ in range(8)]
    answers.append(club.browser.get("/", params={"q": "e" + "\u0301" * 2_000}))
    took = time.monotonic() - start

    assert [answer.status_code for answer in answers] == [422] * 9
    assert took < AT_ONCE
    assert web.running
