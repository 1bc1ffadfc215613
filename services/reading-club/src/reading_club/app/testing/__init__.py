"""Fast hashes of passwords, and in-process connections to uvicorn's protocol."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import uvicorn
from fastapi import Request
from fastapi.responses import PlainTextResponse
from uvicorn.server import ServerState

from reading_club.app._uvicorn import BoundedProtocol

GET = b"GET / HTTP/1.1\r\nHost: club\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: club\r\nContent-Length: 4\r\n\r\n"


class FastHasher:
    """A hasher for tests, which takes no time."""

    def hash(self, password: bytes) -> str:
        """Return the SHA-256 of the password."""
        return sha256(password).hexdigest()

    def verify(self, password: bytes, hash: str) -> bool:
        """Whether the password has this SHA-256."""
        return self.hash(password) == hash


class ManualLoop:
    """The running event loop with a manual clock, in seconds."""

    def __init__(self) -> None:
        self.now = 0.0
        self._timers: list[tuple[float, asyncio.TimerHandle]] = []

    def time(self) -> float:
        """Return the time of the manual clock."""
        return self.now

    def call_later(self, delay: float, callback: Callable[..., Any]) -> asyncio.TimerHandle:
        """Schedule the callback by the manual clock."""
        loop = asyncio.get_running_loop()
        handle = asyncio.TimerHandle(self.now + delay, callback, (), loop)
        self._timers.append((self.now + delay, handle))
        return handle

    def create_task(self, coroutine: Any) -> asyncio.Task[None]:
        """Start the coroutine as a task of the running loop."""
        return asyncio.get_running_loop().create_task(coroutine)

    async def pass_time(self, seconds: float) -> None:
        """Advance the clock, run the callbacks that are due, then let tasks continue."""
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
    """A transport that records the bytes sent to the client, and whether it was aborted."""

    protocol: BoundedProtocol | None = None
    reads: bool = True
    received: bytearray = field(default_factory=bytearray)
    aborted: bool = False
    _closing: bool = False

    def get_extra_info(self, name: str, default: Any = None) -> Any:  # noqa: ARG002
        """Return the default: there is no socket."""
        return default

    def is_closing(self) -> bool:
        """Return whether ``close`` or ``abort`` was called."""
        return self._closing

    def write(self, data: Any) -> None:
        """Record the bytes."""
        self.received += data

    def close(self) -> None:
        """Close: abort at once if the client reads."""
        self._closing = True
        if self.reads:
            self.abort()

    def abort(self) -> None:
        """Close at once: the protocol loses its connection."""
        self._closing = True
        if not self.aborted and self.protocol is not None:
            self.aborted = True
            self.protocol.connection_lost(None)

    def pause_reading(self) -> None:
        """Do nothing."""

    def resume_reading(self) -> None:
        """Do nothing."""


class Visitors:
    """A server in this process, whose application answers while ``may_answer`` is set."""

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
        """Connect, send the bytes, and return the transport."""
        wire = Wire()
        wire.protocol = BoundedProtocol(self.config, self.state, {}, self.loop)
        wire.protocol.connection_made(wire)
        await self.say(wire, said)
        return wire

    async def say(self, wire: Wire, said: bytes) -> None:
        """Send bytes over a connection, and let tasks continue."""
        if said:
            assert wire.protocol is not None
            wire.protocol.data_received(said)
        await self.loop.pass_time(0)
