"""The files of ours that one event enters: what a reader of its way has to open.

The numbers may only fall.
"""

import asyncio
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from types import FrameType
from typing import Any

import httpx2
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.eventstream.app import publisher_app
from reading_club.adapters.eventstream.worker.event_task import EventTask
from reading_club.adapters.memory.publisher import InMemoryPublisher
from reading_club.adapters.uow_sqla import orm
from reading_club.adapters.uow_sqla.engine import create_engine
from reading_club.adapters.uow_sqla.eventstream.outbox import SQLOutbox
from reading_club.adapters.uow_sqla.uow import SQLUnitOfWork
from reading_club.app.bootstrap.web import build_application
from reading_club.app.web.application import create_app
from reading_club.domain.messages import EVENTS
from reading_club.eventstream.outbox.sender import Sender
from reading_club.eventstream.unit_of_work import UnitOfWorkFactory
from reading_club.eventstream.wire import EventRegistry
from reading_club.service.projections import SUBSCRIBERS
from reading_club.testing.builders import an_isbn

REQUEST, SENDER, WORKER = 24, 10, 27
"""The most files that are entered up to the answer, by the sender, and by the worker."""
WITHIN = 10.0
NOT_ON_ITS_WAY = ("adapters/memory/", "app/logs.py")
"""Files of the broker of this test, and of the test's own log lines."""


@contextmanager
def entered(install: Callable[[Any], None]) -> Iterator[set[str]]:
    """Collect the files below ``reading_club`` in which functions are called.

    ``install`` sets the profile function, of this thread or of those that start meanwhile.
    """
    files: set[str] = set()

    def on_call(frame: FrameType, event: str, _: Any) -> None:
        _, found, name = frame.f_code.co_filename.partition("/src/reading_club/")
        if event == "call" and found and not name.startswith(NOT_ON_ITS_WAY):
            files.add(name)

    install(on_call)
    try:
        yield files
    finally:
        install(None)


def report(step: str, files: set[str]) -> int:
    """Print the files, for who wants to have fewer, and return their number."""
    sys.stdout.write("\n  ".join([f"{step}: {len(files)}", *sorted(files), ""]))
    return len(files)


@pytest.fixture
def publisher() -> InMemoryPublisher:
    """A broker that is a list."""
    return InMemoryPublisher()


@pytest.fixture
async def sender(engine: AsyncEngine, publisher: InMemoryPublisher) -> AsyncIterator[Sender]:
    """A sender on the engine's database, with a connection of its thread's own."""

    @asynccontextmanager
    async def open_outbox() -> AsyncIterator[SQLOutbox]:
        own = create_engine(engine.url)
        yield SQLOutbox(own, orm.stream)
        await own.dispose()

    sender = Sender(open_outbox, lambda: publisher)
    yield sender
    await asyncio.to_thread(sender.close)
    await engine.dispose()


async def post(engine: AsyncEngine, sender: Sender) -> set[str]:
    """Register two books, and return the files that are entered by the second request."""
    app = create_app(build_application(engine, sender, publisher_app("memory://", SUBSCRIBERS)))
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://club") as client:

        async def register() -> set[str]:
            book = {"title": "Domain-Driven Design", "author": "Eric Evans", "isbn": str(an_isbn())}
            with entered(sys.setprofile) as files:
                answer = await client.post("/api/books", json=book)
            assert answer.status_code == 201
            return files

        await register()
        return await register()


async def test_a_request_and_the_sender_enter_few_files(
    engine: AsyncEngine, sender: Sender, publisher: InMemoryPublisher
) -> None:
    """From the route to the answer, and from the sender's queue to the deleted row."""
    with entered(threading.setprofile) as sending:
        request = await post(engine, sender)
        await asyncio.to_thread(sender.close, WITHIN)

    assert len(publisher.sent) == 2
    assert report("request", request) <= REQUEST
    assert report("sender", sending) <= SENDER


async def test_a_worker_enters_few_files(
    engine: AsyncEngine, sender: Sender, publisher: InMemoryPublisher
) -> None:
    """From the delivered message to its effect."""
    await post(engine, sender)
    await asyncio.to_thread(sender.close, WITHIN)
    await engine.dispose()

    @asynccontextmanager
    async def resources() -> AsyncIterator[UnitOfWorkFactory]:
        own = create_engine(engine.url)
        yield lambda: SQLUnitOfWork(sender, own)
        await own.dispose()

    (subscriber,) = [s for s in SUBSCRIBERS if s.name == "catalogue"]
    task = EventTask(subscriber, EventRegistry(EVENTS), resources)
    with entered(threading.setprofile) as files:
        for event in publisher.sent:
            await asyncio.to_thread(task.receive_batch, [event.envelope])
        await asyncio.to_thread(task.close)

    assert report("worker", files) <= WORKER
