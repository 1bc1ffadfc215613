"""Fixtures of the club on the engine of the test module."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import QueuePool, event, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.memory.transport import InMemoryEventstreamTransport
from reading_club.adapters.uow_sqla import orm
from reading_club.adapters.uow_sqla.eventstream.tables import StreamTables
from reading_club.adapters.uow_sqla.uow import SQLUnitOfWork
from reading_club.testing.contracts import club, eventstream


@pytest.fixture
def uow_factory(
    transport: InMemoryEventstreamTransport, engine: AsyncEngine
) -> club.UnitOfWorkFactory:
    """Make units of work on the engine."""
    return lambda: SQLUnitOfWork(transport, engine)


@pytest.fixture
def uow(transport: InMemoryEventstreamTransport, engine: AsyncEngine) -> SQLUnitOfWork:
    """A unit of work on the engine."""
    return SQLUnitOfWork(transport, engine)


@pytest.fixture
def tables() -> StreamTables:
    """The tables of the event stream in the engine's database: the club's."""
    return orm.stream


@pytest.fixture
def uow_on(engine: AsyncEngine) -> eventstream.UnitOfWorkOn:
    """Make units of work on the engine, on any transport."""
    return lambda transport: SQLUnitOfWork(transport, engine)


Titles = Callable[[], Awaitable[list[str]]]


@pytest.fixture
def titles(engine: AsyncEngine) -> Titles:
    """Read the titles of the table ``books`` on a connection of its own."""

    async def read() -> list[str]:
        async with engine.connect() as connection:
            return list(await connection.scalars(select(orm.books.c.title)))

    return read


@asynccontextmanager
async def statements(engine: AsyncEngine) -> AsyncIterator[list[str]]:
    """Collect the first word of every statement, whether SQLAlchemy sends it or its driver does."""
    seen: list[str] = []
    listeners = (_on_driver if engine.dialect.name == "postgresql" else _on_engine)(seen)
    for name, listener in listeners.items():
        event.listen(engine.sync_engine, name, listener)
    try:
        yield seen
        await asyncio.sleep(0)  # the driver reports in the loop's next iteration
    finally:
        for name, listener in listeners.items():
            event.remove(engine.sync_engine, name, listener)


def _on_engine(seen: list[str]) -> Mapping[str, Callable[..., None]]:
    def on_statement(_: object, __: object, statement: str, *___: object) -> None:
        if not statement.startswith("BEGIN"):
            seen.append(statement.split(maxsplit=1)[0])

    return {
        "before_cursor_execute": on_statement,
        "begin": lambda _: seen.append("BEGIN"),
        "commit": lambda _: seen.append("COMMIT"),
    }


def _on_driver(seen: list[str]) -> Mapping[str, Callable[..., None]]:
    """Listen to asyncpg, which logs in the loop's next iteration, and to SQLAlchemy likewise."""

    def on_statement(_: object, __: object, statement: str, *___: object) -> None:
        asyncio.get_running_loop().call_soon(seen.append, statement.split(maxsplit=1)[0])

    def on_query(query: Any) -> None:
        word = query.query.split(maxsplit=1)[0]
        if "pg_catalog" not in query.query and "jit" not in query.query:
            seen.append(word)

    return {
        "before_cursor_execute": on_statement,
        "checkout": lambda adapter, *_: adapter.driver_connection.add_query_logger(on_query),
        "checkin": lambda adapter, *_: adapter.driver_connection.remove_query_logger(on_query),
    }


def checked_out(engine: AsyncEngine) -> int:
    """Return how many connections of the engine's queue pool are in use."""
    assert isinstance(engine.pool, QueuePool)
    return engine.pool.checkedout()


async def lose_connection(engine: AsyncEngine, uow: SQLUnitOfWork) -> None:
    """Close the connection of an open unit of work, which has executed a statement."""
    connection = uow.session._connection
    assert connection is not None
    if engine.dialect.name == "sqlite":
        await connection.invalidate()
        return
    driver: Any = (await connection.get_raw_connection()).driver_connection
    async with engine.connect() as other:
        await other.execute(select(func.pg_terminate_backend(driver.get_server_pid(), 5000)))
