"""Creates engines, with drivers, timeouts, a pool, and SQLite's pragmas."""

from contextlib import suppress
from sqlite3 import OperationalError
from typing import Any

from sqlalchemy import URL, AsyncAdaptedQueuePool, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from reading_club.adapters.uow_sqla import _aiosqlite
from reading_club.adapters.uow_sqla.connection_check import connect

WAIT = 5
"""Seconds to wait for a connection, and on SQLite for another writer."""

CONNECTIONS = 20
"""The size of the pool; each connection is opened when first needed."""

DRIVERS = {
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
    "sqlite": "sqlite+aiosqlite",
}
POSTGRESQL = {"timeout": WAIT, "command_timeout": 30}
SQLITE = {"timeout": WAIT, "async_creator_fn": _aiosqlite.connect}
PRAGMAS = (
    # A committed transaction survives a power cut, at the price of one sync a commit.
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
)


def create_engine(url: str | URL, **options: Any) -> AsyncEngine:
    """Return an engine; ``postgresql://`` and ``sqlite:///`` get their asynchronous drivers.

    Every wait is bounded: 5 seconds for a connection, 30 for a statement on PostgreSQL,
    5 for another writer on SQLite. Options are SQLAlchemy's; each overrides its default alone.
    A database in memory has one connection: its transactions wait for each other.
    """
    url = _with_driver(make_url(url))
    in_memory = url.get_backend_name() == "sqlite" and url.database in {None, "", ":memory:"}
    arguments = SQLITE if url.get_backend_name() == "sqlite" else POSTGRESQL
    options["connect_args"] = {**arguments, **options.get("connect_args", {})}
    if "poolclass" not in options:
        options = {**_pool(in_memory=in_memory), **options}
    engine = create_async_engine(url, **options)
    event.listen(engine.sync_engine, "do_connect", connect)
    if engine.dialect.name == "sqlite":
        event.listen(engine.sync_engine, "connect", _set_pragmas)
    return engine


def _with_driver(url: URL) -> URL:
    """Set the asynchronous driver; for asyncpg, rename libpq's ``sslmode`` to ``ssl``."""
    url = url.set(drivername=DRIVERS.get(url.drivername, url.drivername))
    if url.drivername == "postgresql+asyncpg" and "sslmode" in url.query:
        mode = url.query["sslmode"]
        url = url.difference_update_query(["sslmode"]).update_query_dict({"ssl": mode})
    return url


def _pool(*, in_memory: bool) -> dict[str, Any]:
    """Return a pool without overflow, whose connections would be opened and closed for each use."""
    size = 1 if in_memory else CONNECTIONS
    waiting = {"pool_timeout": WAIT, "max_overflow": 0}
    return {"poolclass": AsyncAdaptedQueuePool, "pool_size": size, **waiting}


def _set_pragmas(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    try:
        # WAL is a property of the file: if it is locked, another process sets WAL just now.
        with suppress(OperationalError):
            cursor.execute("PRAGMA journal_mode = WAL")
        for pragma in PRAGMAS:
            cursor.execute(pragma)
        cursor.close()
    except BaseException:
        connection.close()  # its thread would outlive the event loop
        raise
