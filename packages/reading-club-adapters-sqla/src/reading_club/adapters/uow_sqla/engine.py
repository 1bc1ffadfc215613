"""Engines with bounds and pragmas: what a club needs of its database."""

from typing import Any

from sqlalchemy import URL, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

BUSY_TIMEOUT = 5.0
"""Seconds that a SQLite writer waits for another one."""

DRIVERS = {
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
    "sqlite": "sqlite+aiosqlite",
}
PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    # A book that was answered with 201 outlives a power cut, at the price of one sync a commit.
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
)


def create_engine(url: str | URL, **options: Any) -> AsyncEngine:
    """Return an engine; ``postgresql://`` and ``sqlite:///`` get their asynchronous drivers.

    Every wait is bounded: 5 seconds for a connection, 30 for a statement on PostgreSQL,
    5 for another writer on SQLite. Options are those of SQLAlchemy, and win.
    """
    url = make_url(url)
    url = url.set(drivername=DRIVERS.get(url.drivername, url.drivername))
    if url.get_backend_name() != "sqlite":
        bounds = {
            "pool_size": 10,
            "max_overflow": 10,
            "pool_timeout": 5,
            "connect_args": {"timeout": 5, "command_timeout": 30},
        }
        return create_async_engine(url, **{**bounds, **options})
    engine = create_async_engine(url, **{"connect_args": {"timeout": BUSY_TIMEOUT}, **options})
    event.listen(engine.sync_engine, "connect", _set_pragmas)
    return engine


def _set_pragmas(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    for pragma in PRAGMAS:
        cursor.execute(pragma)
    cursor.close()
