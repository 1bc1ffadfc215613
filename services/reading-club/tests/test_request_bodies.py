"""A body that is too large is refused before a route reads it, over the bytes of a connection."""

import pytest

from reading_club.app._uvicorn import BODY_DEADLINE
from reading_club.app.application import Application
from reading_club.app.testing import Visitors, Wire
from reading_club.app.web.application import create_app
from reading_club.app.web.policy import WebPolicy
from reading_club.app.web.request_bodies import LARGEST_BODY

SIZE = 50 * 1024 * 1024
DECLARED = f"Content-Length: {SIZE}\r\n"
CHUNKED = "Transfer-Encoding: chunked\r\n"
REQUESTS = ("POST /api/books", "POST /nowhere", "GET /", "GET /healthz", "PUT /static/base.css")
KEEP_ALIVE = 5.0


@pytest.fixture
def club(visitors: Visitors, application: Application) -> Visitors:
    """A server in this process with the application."""
    visitors.config.app = create_app(application, WebPolicy(host="127.0.0.1"))
    return visitors


def head(line: str, headers: str, host: str = "localhost") -> bytes:
    """Return the head of a request."""
    return f"{line} HTTP/1.1\r\nHost: {host}\r\n{headers}\r\n".encode()


def status(wire: Wire) -> bytes:
    """Return the status line that was sent to the client."""
    return bytes(wire.received).partition(b"\r\n")[0]


@pytest.mark.parametrize("request_line", REQUESTS)
async def test_a_declared_size_is_refused_before_the_body(
    club: Visitors, request_line: str
) -> None:
    """413 after the head alone, for every method and path; no client is asked to continue."""
    wire = await club.come(head(request_line, f"{DECLARED}Expect: 100-continue\r\n"))

    assert status(wire).startswith(b"HTTP/1.1 413 ")
    assert b"application/problem+json" in wire.received


@pytest.mark.parametrize("request_line", REQUESTS)
async def test_a_body_of_undeclared_size_is_refused_at_the_limit(
    club: Visitors, request_line: str
) -> None:
    """413 as soon as one byte is too many, also if no route would read it."""
    wire = await club.come(head(request_line, CHUNKED))

    await club.say(wire, b"%x\r\n%b\r\n" % (LARGEST_BODY, b"x" * LARGEST_BODY))
    before = bytes(wire.received)
    await club.say(wire, b"1\r\nx\r\n")

    assert before == b""
    assert status(wire).startswith(b"HTTP/1.1 413 ")


async def test_the_rest_of_a_refused_body_is_discarded(club: Visitors) -> None:
    """It is not kept in memory, gets no second response, and ends with the deadline of a body."""
    wire = await club.come(head("POST /api/books", DECLARED))
    assert wire.protocol is not None

    for _ in range(10):
        await club.say(wire, b"x" * LARGEST_BODY)
        await club.loop.pass_time(BODY_DEADLINE / 10)

    assert len(wire.protocol.cycle.body) == 0
    assert wire.received.count(b"HTTP/1.1") == 1
    assert wire.aborted


async def test_a_client_that_does_not_send_a_refused_body_is_left(club: Visitors) -> None:
    """The connection is closed after the time that an idle one has."""
    wire = await club.come(head("POST /api/books", DECLARED))

    await club.loop.pass_time(KEEP_ALIVE)

    assert wire.aborted


async def test_a_foreign_request_is_refused_before_its_body(club: Visitors) -> None:
    """421 and 403 after the head, and the connection is used again after the body."""
    small = "Content-Length: 4\r\nSec-Fetch-Site: cross-site\r\n"
    misdirected = await club.come(head("POST /api/books", DECLARED, host="elsewhere.example"))
    foreign = await club.come(head("POST /api/books", small))

    await club.say(foreign, b"1234" + head("GET /healthz", ""))

    assert status(misdirected).startswith(b"HTTP/1.1 421 ")
    assert status(foreign).startswith(b"HTTP/1.1 403 ")
    assert foreign.received.count(b"HTTP/1.1 200 OK") == 1


@pytest.mark.parametrize("size", ["x", "-1", "1" * 21, "1, 2"])
async def test_a_declared_size_is_a_number(club: Visitors, size: str) -> None:
    """The server refuses any other one with 400, before the application reads it."""
    wire = await club.come(head("POST /api/books", f"Content-Length: {size}\r\n"))

    assert status(wire).startswith(b"HTTP/1.1 400 ")
