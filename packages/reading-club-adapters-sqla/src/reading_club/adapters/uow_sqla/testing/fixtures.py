"""Fixtures on the engine of the test module."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.uow_sqla import SQLUnitOfWork, orm
from reading_club.testing import (
    InMemoryEventstreamTransport,
    contracts,
)


@pytest.fixture
def uow_factory(
    transport: InMemoryEventstreamTransport, engine: AsyncEngine
) -> contracts.UnitOfWorkFactory:
    """Make units of work on the engine."""
    return lambda: SQLUnitOfWork(transport, engine)


@pytest.fixture
def uow(transport: InMemoryEventstreamTransport, engine: AsyncEngine) -> SQLUnitOfWork:
    """A unit of work on the engine."""
    return SQLUnitOfWork(transport, engine)


@pytest.fixture
def history(engine: AsyncEngine) -> contracts.History:
    """Read the table ``messages``."""

    async def read() -> Sequence[Mapping[str, Any]]:
        columns = [orm.messages.c[name] for name in ("id", "created_at", "metadata", "payload")]
        async with engine.connect() as connection:
            rows = await connection.execute(select(*columns).order_by(orm.messages.c.position))
            return [dict(row) for row in rows.mappings()]

    return read


Titles = Callable[[], Awaitable[list[str]]]


@pytest.fixture
def titles(engine: AsyncEngine) -> Titles:
    """Read the titles of the table ``books`` on a connection of its own."""

    async def read() -> list[str]:
        async with engine.connect() as connection:
            return list(await connection.scalars(select(orm.books.c.title)))

    return read


@contextmanager
def statements(engine: AsyncEngine) -> Iterator[list[str]]:
    """Collect the first word of every statement, BEGIN and COMMIT included."""
    seen: list[str] = []

    def on_statement(_: object, __: object, statement: str, *___: object) -> None:
        if not statement.startswith("PRAGMA"):
            seen.append(statement.split(maxsplit=1)[0])

    def on_commit(_: object) -> None:
        seen.append("COMMIT")

    event.listen(engine.sync_engine, "before_cursor_execute", on_statement)
    event.listen(engine.sync_engine, "commit", on_commit)
    try:
        yield seen
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", on_statement)
        event.remove(engine.sync_engine, "commit", on_commit)
