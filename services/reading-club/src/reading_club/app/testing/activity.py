"""Activity for tests, looks for it that come when told, and streams that stay open."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from fastapi import FastAPI
from messagebus import AsyncSinkholeEventstreamTransport

from reading_club.adapters.memory.club_database import InMemoryDatabase
from reading_club.adapters.memory.unit_of_work import InMemoryUnitOfWork
from reading_club.app.activity_streams import ActivityStreams
from reading_club.domain.messages import ClubEvent
from reading_club.service.projections import activity
from reading_club.service.uow import AbstractUnitOfWork
from reading_club.testing.builders import an_event


async def let_happen(make_uow: Callable[[], AbstractUnitOfWork], *events: ClubEvent) -> None:
    """Handle events as the worker of ``activity`` does."""
    async with make_uow() as transaction:
        for event in events:
            await activity.handle(event, transaction.uow)
        await transaction.commit()


async def books(make_uow: Callable[[], AbstractUnitOfWork], *titles: str) -> None:
    """Let books be registered, one after the other."""
    await let_happen(make_uow, *(an_event(title=title) for title in titles))


class Looks:
    """The pause between two looks, which ends when told."""

    def __init__(self) -> None:
        self._pausing = asyncio.Event()
        self._next = asyncio.Event()

    async def pause(self) -> None:
        """Wait until the next look is wanted."""
        self._pausing.set()
        await self._next.wait()

    async def look(self) -> None:
        """Let the next look come, and wait for the next pause."""
        await self._pausing.wait()
        self._pausing.clear()
        ended, self._next = self._next, asyncio.Event()
        ended.set()
        await self._pausing.wait()


class Club:
    """A club in memory, whose streams look for arrivals when told."""

    def __init__(self) -> None:
        self.database, self.looks = InMemoryDatabase(), Looks()
        self.make_uow = partial(
            InMemoryUnitOfWork, AsyncSinkholeEventstreamTransport(), self.database
        )
        self.register = partial(books, self.make_uow)
        self.look = self.looks.look
        self.read, self.counted = 0, list[int]()
        self.streams = ActivityStreams(
            self.reading, most=3, pause=self.looks.pause, count=self.counted.append
        )

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AbstractUnitOfWork]:
        """Count the transactions that read."""
        self.read += 1
        async with self.make_uow() as transaction:
            yield transaction.uow
            await transaction.rollback()


class StreamClient:
    """A client that reads a response while it is sent."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: Mapping[str, str] = {}
        self.ended = asyncio.Event()
        self._chunks: asyncio.Queue[str] = asyncio.Queue()

    async def send(self, message: Any) -> None:
        """Keep a part of the response."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {k.decode(): v.decode() for k, v in message["headers"]}
        elif message.get("body"):
            self._chunks.put_nowait(message["body"].decode())

    async def event(self) -> dict[str, str]:
        """Return the fields of the next event; that of a comment is empty."""
        lines = (await self._chunks.get()).strip().splitlines()
        return {name: value for name, _, value in (line.partition(": ") for line in lines)}

    async def rest(self) -> str:
        """Return what is sent until the end of the response."""
        await self.ended.wait()
        return "".join(self._chunks.get_nowait() for _ in range(self._chunks.qsize()))


@asynccontextmanager
async def reading(
    app: FastAPI, path: str, *, method: str = "GET", **headers: str
) -> AsyncIterator[StreamClient]:
    """Send a request to the application in this loop, and disconnect at the end of the block."""
    client, gone = StreamClient(), asyncio.Event()
    told = [{"type": "http.request", "body": b"", "more_body": False}]
    path, _, query = path.partition("?")
    names = {name.replace("_", "-").lower(): value for name, value in headers.items()}
    scope = {
        "type": "http", "method": method, "path": path, "raw_path": path.encode(),
        "query_string": query.encode(), "root_path": "", "scheme": "http", "http_version": "1.1",
        "server": ("club", 80), "client": ("127.0.0.1", 1), "asgi": {"spec_version": "2.3"},
        "headers": [(name.encode(), value.encode()) for name, value in names.items()],
    }  # fmt: skip

    async def receive() -> Any:
        if told:
            return told.pop()
        await gone.wait()
        return {"type": "http.disconnect"}

    async def call() -> None:
        try:
            await app(scope, receive, client.send)
        finally:
            client.ended.set()

    calling = asyncio.create_task(call())
    try:
        yield client
    finally:
        gone.set()
        await calling
