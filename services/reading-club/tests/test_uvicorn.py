"""Connections have deadlines and a bound. The clock is the tests'."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from uvicorn.server import ServerState

from reading_club.app import _uvicorn
from reading_club.app._uvicorn import (
    BODY_DEADLINE,
    HEAD_DEADLINE,
    READ_DEADLINE,
    BoundedProtocol,
    connection_limit,
)

GET = b"GET / HTTP/1.1\r\nHost: club\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: club\r\nContent-Length: 4\r\n\r\n"
KEEP_ALIVE = 5.0


class ManualLoop:
    """The running loop, with a clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 0.0
        self._timers: list[tuple[float, asyncio.TimerHandle]] = []

    def time(self) -> float:
        """Return the time."""
        return self.now

    def call_later(self, delay: float, callback: Callable[..., Any]) -> asyncio.TimerHandle:
        """Remember a call."""
        loop = asyncio.get_running_loop()
        handle = asyncio.TimerHandle(self.now + delay, callback, (), loop)
        self._timers.append((self.now + delay, handle))
        return handle

    def create_task(self, coroutine: Any) -> asyncio.Task[None]:
        """Run it in the loop that runs."""
        return asyncio.get_running_loop().create_task(coroutine)

    async def pass_time(self, seconds: float) -> None:
        """Move the clock, make the calls that are due, and let tasks go on."""
        self.now += seconds
        due = [handle for when, handle in self._timers if when <= self.now]
        self._timers = [timer for timer in self._timers if timer[0] > self.now]
        for handle in due:
            if not handle.cancelled():
                handle._run()
        for _ in range(20):
            await asyncio.sleep(0)


@dataclass
class Wire(asyncio.Transport):
    """A connection's other end: what has come over it, and whether it is open."""

    protocol: BoundedProtocol | None = None
    reads: bool = True
    received: bytearray = field(default_factory=bytearray)
    aborted: bool = False
    _closing: bool = False

    def get_extra_info(self, name: str, default: Any = None) -> Any:  # noqa: ARG002
        """Tell nothing."""
        return default

    def is_closing(self) -> bool:
        """Return whether it is closed, or will be."""
        return self._closing

    def write(self, data: Any) -> None:
        """Take what the server says."""
        self.received += data

    def close(self) -> None:
        """End it when all is read."""
        self._closing = True
        if self.reads:
            self.abort()

    def abort(self) -> None:
        """End it at once."""
        self._closing = True
        if not self.aborted and self.protocol is not None:
            self.aborted = True
            self.protocol.connection_lost(None)

    def pause_reading(self) -> None:
        """Do nothing."""

    def resume_reading(self) -> None:
        """Do nothing."""


class Visitors:
    """Connections to one server, whose application answers when it is let."""

    def __init__(self) -> None:
        self.loop = ManualLoop()
        self.state = ServerState()
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.config = uvicorn.Config(
            self._app, interface="asgi3", http=BoundedProtocol, ws="none", log_config=None
        )

    async def _app(self, scope: Any, receive: Any, send: Any) -> None:
        await Request(scope, receive).body()
        await self.may_answer.wait()
        await PlainTextResponse("hello")(scope, receive, send)

    async def come(self, said: bytes = b"") -> Wire:
        """Connect, and say something."""
        wire = Wire()
        wire.protocol = BoundedProtocol(self.config, self.state, {}, self.loop)
        wire.protocol.connection_made(wire)
        await self.say(wire, said)
        return wire

    async def say(self, wire: Wire, said: bytes) -> None:
        """Say something over a connection."""
        if said:
            assert wire.protocol is not None
            wire.protocol.data_received(said)
        await self.loop.pass_time(0)


async def test_a_head_has_a_deadline() -> None:
    """What is sent byte by byte is answered with 408 in time, and closed."""
    visitors = Visitors()
    wire = await visitors.come(GET[:4])

    await visitors.loop.pass_time(HEAD_DEADLINE / 2)
    await visitors.say(wire, GET[4:8])
    before = wire.aborted
    await visitors.loop.pass_time(HEAD_DEADLINE / 2)

    assert (before, wire.aborted) == (False, True)
    assert wire.received.startswith(b"HTTP/1.1 408 ")
    assert b"application/problem+json" in wire.received


async def test_a_silent_connection_is_closed_without_a_word() -> None:
    """Browsers open connections in advance, and expect no answer on them."""
    visitors = Visitors()
    wire = await visitors.come()

    await visitors.loop.pass_time(HEAD_DEADLINE)

    assert (wire.aborted, bytes(wire.received)) == (True, b"")


async def test_a_body_has_a_deadline() -> None:
    """A request whose body does not come is answered with 408, and its application goes on."""
    visitors = Visitors()
    wire = await visitors.come(POST + b"12")

    await visitors.loop.pass_time(HEAD_DEADLINE)
    before = wire.aborted
    await visitors.loop.pass_time(BODY_DEADLINE - HEAD_DEADLINE)

    assert (before, wire.aborted) == (False, True)
    assert wire.received.startswith(b"HTTP/1.1 408 ")
    assert visitors.state.tasks == set()


async def test_a_whole_request_is_answered() -> None:
    """A body that comes in time meets no deadline."""
    visitors = Visitors()
    wire = await visitors.come(POST)

    await visitors.loop.pass_time(BODY_DEADLINE - 1)
    await visitors.say(wire, b"1234")
    await visitors.loop.pass_time(1)

    assert wire.received.startswith(b"HTTP/1.1 200 ")
    assert wire.received.count(b"HTTP/1.1") == 1
    assert not wire.aborted


async def test_a_request_that_is_handled_is_not_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """How long the application takes is not the client's matter."""
    monkeypatch.setattr(_uvicorn, "MOST_CONNECTIONS", 1)
    visitors = Visitors()
    visitors.may_answer.clear()
    wire = await visitors.come(GET)

    await visitors.loop.pass_time(HEAD_DEADLINE + BODY_DEADLINE)
    other = await visitors.come()
    visitors.may_answer.set()
    await visitors.loop.pass_time(0)

    assert wire.received.startswith(b"HTTP/1.1 200 ")
    assert other.aborted


async def test_the_next_request_has_a_deadline_of_its_own() -> None:
    """A connection may live long, but each head has to come in time."""
    visitors = Visitors()
    wire = await visitors.come(GET)

    for _ in range(5):
        await visitors.loop.pass_time(KEEP_ALIVE - 1)
        await visitors.say(wire, GET)
    await visitors.say(wire, GET[:9])
    before = wire.aborted
    await visitors.loop.pass_time(HEAD_DEADLINE)

    assert (before, wire.aborted) == (False, True)
    assert wire.received.count(b"HTTP/1.1 200 ") == 6
    assert wire.received.count(b"HTTP/1.1 408 ") == 1


async def test_one_answer_is_enough() -> None:
    """A body that was answered before it came whole gets no 408; its connection ends in time."""
    visitors = Visitors()

    async def hasty(scope: Any, receive: Any, send: Any) -> None:
        await Response(status_code=413)(scope, receive, send)

    visitors.config.app = hasty
    wire = await visitors.come(POST.replace(b"4", b"100"))
    for _ in range(10):
        await visitors.say(wire, b"x")
        await visitors.loop.pass_time(BODY_DEADLINE / 10)

    assert wire.received.count(b"HTTP/1.1") == 1
    assert wire.aborted


async def test_what_is_closed_ends_although_nobody_reads() -> None:
    """An idle connection whose client does not read does not stay half closed for ever."""
    visitors = Visitors()
    wire = await visitors.come(GET)
    wire.reads = False

    await visitors.loop.pass_time(KEEP_ALIVE)
    closing = (wire.is_closing(), wire.aborted)
    await visitors.loop.pass_time(READ_DEADLINE)

    assert closing == (True, False)
    assert wire.aborted


async def test_an_answer_that_is_not_read_has_a_deadline() -> None:
    """A client that reads goes on, one that does not is closed."""
    visitors = Visitors()
    slow, stuck = await visitors.come(), await visitors.come()
    for wire in (slow, stuck):
        visitors.may_answer.clear()
        await visitors.say(wire, GET)
        assert wire.protocol is not None
        wire.protocol.pause_writing()
    assert slow.protocol is not None

    slow.protocol.resume_writing()
    await visitors.loop.pass_time(READ_DEADLINE)

    assert (slow.aborted, stuck.aborted) == (False, True)


async def test_the_oldest_silent_connection_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """Above the limit a new connection gets in, and who works or has just come stays."""
    monkeypatch.setattr(_uvicorn, "MOST_CONNECTIONS", 3)
    visitors = Visitors()
    visitors.may_answer.clear()
    busy = await visitors.come(GET)
    await visitors.loop.pass_time(1)
    silent = await visitors.come()
    await visitors.loop.pass_time(1)
    slow = await visitors.come(POST)
    await visitors.loop.pass_time(1)

    fourth, fifth = await visitors.come(), await visitors.come()

    assert (busy.aborted, silent.aborted, slow.aborted) == (False, True, True)
    assert (fourth.aborted, fifth.aborted) == (False, False)
    assert len(visitors.state.connections) == 3


def test_some_files_are_left_for_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that may open few files has fewer connections."""
    for files, most in ((256, 192), (1024, 768), (20_000, 768), (-1, 768)):
        monkeypatch.setattr("resource.getrlimit", lambda _, n=files: (n, n))
        assert connection_limit() == most


async def test_uvicorn_serves_with_it() -> None:
    """The configuration takes the class, and no other one for WebSockets."""
    config = Visitors().config
    config.load()

    assert issubclass(config.http_protocol_class, BoundedProtocol)
    assert config.ws_protocol_class is None
