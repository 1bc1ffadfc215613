"""The files of ours that one event enters: what a reader of its way has to open.

Counted is the second event: the first one opens connections and compiles statements. The numbers
may only fall.
"""

import asyncio
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
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
from reading_club.adapters.uow_sqla.eventstream.statistics import SQLStatistics
from reading_club.adapters.uow_sqla.uow import SQLUnitOfWork
from reading_club.app.accounts.passwords import Passwords
from reading_club.app.bootstrap.web import build_application
from reading_club.app.web.application import create_app
from reading_club.domain.messages import EVENTS
from reading_club.eventstream.outbox.sender import Sender
from reading_club.eventstream.retention import DAY
from reading_club.eventstream.unit_of_work import UnitOfWorkFactory
from reading_club.eventstream.wire import EventRegistry
from reading_club.service.subscribers import SUBSCRIBERS
from reading_club.testing.builders import an_isbn

REQUEST, SENDER, WORKER = 19, 5, 14
"""The most files that are entered up to the answer, by the sender, and by the worker."""
WITHIN = 10.0
NOT_ON_ITS_WAY = (
    "adapters/memory/",
    "app/logs/",
    "eventstream/context.py",
    "eventstream/inbox/spans.py",
    "eventstream/per_transaction.py",
    "eventstream/printable.py",
    "eventstream/tracing.py",
    "eventstream/transaction_contexts.py",
    "eventstream/outbox/sender_counts.py",
    "eventstream/ports/metrics.py",
    "app/web/identity.py",
    "adapters/uow_sqla/accounts/",
    "service/accounts/",
)
"""Files of the broker of this test, of what is told about an event beside its way (log lines,
contexts, spans and metrics), of the attributes of a unit of work, and of who may write."""


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


async def until_sent(engine: AsyncEngine) -> None:
    """Wait until the outbox is empty."""
    statistics = SQLStatistics(engine, orm.stream, horizon=DAY)
    async with asyncio.timeout(WITHIN):
        while await statistics.pending():
            pass


async def post_twice(
    engine: AsyncEngine, sender: Sender, passwords: Passwords, sending: set[str]
) -> set[str]:
    """Register two books; return the files that the second request enters.

    Of the files in ``sending``, those of the second event are left.
    """
    request = set[str]()
    broker = publisher_app("memory://", SUBSCRIBERS)
    app = create_app(build_application(engine, sender, broker, passwords, open_until_claimed=True))
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://club") as browser:
        for _ in range(2):
            sending.clear()
            book = {"title": "Domain-Driven Design", "author": "Eric Evans", "isbn": str(an_isbn())}
            with entered(sys.setprofile) as request:
                answer = await browser.post("/api/books", json=book)
            assert answer.status_code == 201
            await until_sent(engine)
    return request


async def test_a_request_and_the_sender_enter_few_files(
    engine: AsyncEngine, sender: Sender, publisher: InMemoryPublisher, passwords: Passwords
) -> None:
    """From the route to the answer, and from the sender's queue to the deleted row."""
    with entered(threading.setprofile) as sending:
        request = await post_twice(engine, sender, passwords, sending)
        assert report("sender", sending) <= SENDER

    assert len(publisher.sent) == 2
    assert report("request", request) <= REQUEST


async def test_a_worker_enters_few_files(
    engine: AsyncEngine, sender: Sender, publisher: InMemoryPublisher, passwords: Passwords
) -> None:
    """From the task of a delivered message to its effect."""
    await post_twice(engine, sender, passwords, set())
    await engine.dispose()

    @asynccontextmanager
    async def resources() -> AsyncIterator[UnitOfWorkFactory]:
        own = create_engine(engine.url)
        yield lambda: SQLUnitOfWork(sender, own)
        await own.dispose()

    (subscriber,) = [s for s in SUBSCRIBERS if s.name == "catalogue"]
    task = EventTask(subscriber, EventRegistry(EVENTS), resources)
    with entered(threading.setprofile) as files, ThreadPoolExecutor() as worker:
        for event in publisher.sent:
            files.clear()
            worker.submit(task.receive_batch, [event.envelope]).result(WITHIN)
        assert report("worker", files) <= WORKER
        worker.submit(task.close).result(WITHIN)
