"""Ways to register a book: each is opened on a database, and lends what handles a command."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    asynccontextmanager,
    nullcontext,
)
from time import perf_counter
from typing import Any

from pydantic import SecretStr
from sqlalchemy.ext.asyncio import async_sessionmaker

from reading_club.adapters.eventstream.app import publisher_app
from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.adapters.uow_sqla.engine import create_engine
from reading_club.app.bootstrap.web import build_application, open_application
from reading_club.app.settings import Settings
from reading_club.domain.messages import RegisterBook
from reading_club.eventstream.ports.outbox import Lease
from reading_club.testing.builders import an_isbn
from reading_club_functional.bench import cookbook
from reading_club_functional.bench.browsing import browsers
from reading_club_functional.bench.statements import asyncpg_club

AT_ONCE = 16
"""Commands in flight, and connections to the database."""
WARM_UP = 10 * AT_ONCE
"""Commands before the time is taken: connections are open then, and statements prepared."""
LEASE = 600.0
"""Seconds for which a committed event is leased, so that no relay sends it."""

Handle = Callable[[RegisterBook], Awaitable[object]]
Way = Callable[[str], AbstractAsyncContextManager[Handle]]


@asynccontextmanager
async def ours(database_url: str) -> AsyncIterator[Handle]:
    """Lend the club's own path, with a row in the outbox; its sender does not send."""
    engine = create_engine(database_url, pool_size=AT_ONCE, max_overflow=0)
    transport = RecordingOutboxTransport(Lease(LEASE))
    application = build_application(engine, transport, publisher_app("memory://"))
    try:
        yield application.handle
    finally:
        await engine.dispose()


@asynccontextmanager
async def cookbooks(database_url: str) -> AsyncIterator[Handle]:
    """Lend the cookbook's path: a session, and a statement for each message; no outbox."""
    engine = create_engine(database_url, pool_size=AT_ONCE, max_overflow=0)
    sessions = async_sessionmaker(engine, expire_on_commit=False)
    bus = cookbook.bus()

    async def handle(command: RegisterBook) -> Any:
        async with cookbook.UnitOfWork(sessions) as transaction:
            book = await bus.handle(command, transaction)
            await transaction.commit()
        return book

    try:
        yield handle
    finally:
        await engine.dispose()


def statements(database_url: str) -> AbstractAsyncContextManager[Handle]:
    """Lend our statements without anything of ours around them."""
    return asyncpg_club(database_url, AT_ONCE)


@asynccontextmanager
async def whole_club(database_url: str, broker_url: str) -> AsyncIterator[Handle]:
    """Lend the club as a process opens it, with its sender at work."""
    async with open_application(settings_of(database_url, broker_url)) as application:
        yield application.handle


def over_http(port: int) -> AbstractAsyncContextManager[Handle]:
    """Lend connections to the web process, one for each command in flight."""
    return browsers("127.0.0.1", port, AT_ONCE)


def settings_of(database_url: str, broker_url: str) -> Settings:
    """Return the settings of a process with these addresses."""
    return Settings(database_url=SecretStr(database_url), broker_url=SecretStr(broker_url))


async def register(
    way: AbstractAsyncContextManager[Handle],
    number: int,
    meanwhile: AbstractContextManager[None] | None = None,
) -> tuple[list[RegisterBook], float]:
    """Warm up, then register `number` books; return all commands and the seconds without warm-up.

    The context manager ``meanwhile`` is active from the warm-up's end to the last answer.
    """
    first, then = new_books(WARM_UP), new_books(number)
    async with way as handle:
        await at_once(handle, first)
        with meanwhile or nullcontext():
            seconds = await at_once(handle, then)
    return [*first, *then], seconds


def new_books(number: int) -> list[RegisterBook]:
    """Return commands for new books."""
    return [
        RegisterBook(isbn=an_isbn(), title="Domain-Driven Design", author="Eric Evans")
        for _ in range(number)
    ]


async def at_once(handle: Handle, commands: Sequence[RegisterBook]) -> float:
    """Return the seconds that these commands took, sixteen at a time."""
    todo = iter(commands)

    async def member() -> None:
        for command in todo:
            await handle(command)

    start = perf_counter()
    await asyncio.gather(*(member() for _ in range(AT_ONCE)))
    return perf_counter() - start
