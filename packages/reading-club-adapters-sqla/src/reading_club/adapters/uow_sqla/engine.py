"""Creates engines, with drivers, timeouts, a pool, and SQLite's pragmas.

``configuration_fault`` tells wrong settings from outages, by the error of a connection attempt.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from sqlite3 import OperationalError
from typing import Any, Final

from sqlalchemy import URL, AsyncAdaptedQueuePool, Dialect, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from reading_club.adapters.uow_sqla import _aiosqlite
from reading_club.adapters.uow_sqla.errors import driver_error, error_code, translated
from reading_club.adapters.uow_sqla.postgresql_tls import split_tls
from reading_club.eventstream.certificates import certificate_fault
from reading_club.eventstream.errors import StorageUnavailable

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
    # Deleted and replaced content is overwritten with zeros, so that an erasure leaves none.
    "PRAGMA secure_delete = ON",
)

CHECKPOINT: Final = "PRAGMA wal_checkpoint(TRUNCATE)"

FAULTS: Final[Mapping[str | int, str]] = {
    "28000": "the database refuses the user",
    "28P01": "the database refuses the user or its password",
    "3D000": "the database does not exist",
    14: "the file cannot be opened: its folder must be there, and writable",
    26: "the file is not a database",
}
"""Reasons by SQLSTATE, or by SQLite's primary result code."""


class UnusableAddress(StorageUnavailable):
    """The address cannot be right: the driver refuses an option in it, or there is no such file."""


def create_engine(url: str | URL, **options: Any) -> AsyncEngine:
    """Return an engine; ``postgresql://`` and ``sqlite:///`` get their asynchronous drivers.

    Every wait is bounded: 5 seconds for a connection, 30 for a statement on PostgreSQL,
    5 for another writer on SQLite. Options are SQLAlchemy's; each overrides its default alone.
    A database in memory has one connection: its transactions wait for each other. Nothing is
    connected yet; ``await engine.dispose()`` closes the connections. On PostgreSQL, libpq's
    ``sslmode``, ``sslrootcert``, ``sslcert`` and ``sslkey`` in the address are taken: with
    ``sslrootcert``, certificate and host name are verified. Raises UnusableAddress for their files.
    """
    url, tls = _with_driver(make_url(url))
    on_sqlite = url.get_backend_name() == "sqlite"
    arguments = SQLITE if on_sqlite else POSTGRESQL
    options["connect_args"] = {**arguments, **tls, **options.get("connect_args", {})}
    if "poolclass" not in options:
        in_memory = on_sqlite and url.database in {None, "", ":memory:"}
        # Without overflow, whose connections would be opened and closed for each use.
        pool = {"pool_size": 1 if in_memory else CONNECTIONS, "max_overflow": 0}
        options = {"poolclass": AsyncAdaptedQueuePool, "pool_timeout": WAIT, **pool, **options}
    engine = create_async_engine(url, **options)
    event.listen(engine.sync_engine, "do_connect", _connect)
    if on_sqlite:
        event.listen(engine.sync_engine, "connect", _set_pragmas)
    return engine


async def truncate_wal(engine: AsyncEngine) -> bool:
    """Write SQLite's log into its file, and empty the log, which holds earlier states of pages.

    Returns False while another transaction needs the log. PostgreSQL has none of this: True.
    Raises StorageUnavailable.
    """
    if engine.dialect.name != "sqlite":
        return True
    with translated():
        async with engine.connect() as connection:
            busy = (await connection.exec_driver_sql(CHECKPOINT)).scalar_one()
    return not busy


def _with_driver(url: URL) -> tuple[URL, Mapping[str, Any]]:
    """Return the address with its asynchronous driver, and the driver's arguments for TLS."""
    url = url.set(drivername=DRIVERS.get(url.drivername, url.drivername))
    if url.drivername != "postgresql+asyncpg":
        return url, {}
    try:
        return split_tls(url)
    except ValueError as exc:
        raise UnusableAddress(str(exc)) from exc


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


def _connect(
    dialect: Dialect, _: ConnectionPoolEntry, args: list[Any], options: dict[str, Any]
) -> DBAPIConnection:
    """Connect as SQLAlchemy does. Raises UnusableAddress if the driver refuses an argument."""
    try:
        return dialect.connect(*args, **options)
    except Exception as exc:
        refused = any(isinstance(e, TypeError | ValueError | OverflowError) for e in _causes(exc))
        if isinstance(exc, OSError) or not refused:
            raise
        raise UnusableAddress(
            "the address of the database has an option or a value that its driver does not know"
        ) from exc


def configuration_fault(exc: BaseException) -> str | None:
    """Return the wrong setting that caused the error, without secrets; None for an outage.

    Call it at the start of a process: only then is a database that does not exist a wrong
    setting. Later on it is an outage.
    """
    for error in _causes(exc):
        if isinstance(error, UnusableAddress):
            return str(error)
        if refused := certificate_fault(error):
            return f"the database is not trusted: {refused}"
        if (code := error_code(error)) in FAULTS:
            return FAULTS[code]
    return None


def _causes(exc: BaseException) -> Iterator[BaseException]:
    error: BaseException | None = exc
    while error is not None:
        yield driver_error(error)
        error = error.__cause__ or driver_error(error).__cause__
