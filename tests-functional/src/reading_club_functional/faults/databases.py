"""Faults of PostgreSQL and of SQLite."""

import asyncio
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from random import Random

import asyncpg
import psutil

from reading_club_functional import outages
from reading_club_functional.faults.target import ROLE, Fault, Target

TABLES = ("books", "messages", "outbox", "inbox", "catalogue", "activity", "attempts")
TERMINATE = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'club'"
AT_RANDOM = " ORDER BY (query LIKE 'COMMIT%' AND state = 'active') DESC, random() LIMIT 1"
EVERY = 0.1
DISK = 4096
"""Bytes that a process may write to a file."""


def of_outage(outage: outages.Outage) -> Fault:
    """Return an outage of the database's server as a fault."""

    @contextmanager
    def fault(target: Target, _: Random) -> Iterator[None]:
        with outage(target.database_server):
            yield

    return fault


def setting(begin: str, end: str) -> Fault:
    """Return a setting as a fault: it holds for new connections, so the old ones are ended."""

    @contextmanager
    def fault(target: Target, _: Random) -> Iterator[None]:
        change(target, begin)
        try:
            yield
        finally:
            change(target, end)

    return fault


def timeout(name: str) -> Fault:
    """Return a timeout of the server as a fault, with a table that is locked meanwhile."""
    who = f"ALTER ROLE {ROLE} IN DATABASE {{name}}"
    short = setting(f"{who} SET {name} = '200ms'", f"{who} RESET {name}")

    @contextmanager
    def fault(target: Target, random: Random) -> Iterator[None]:
        with short(target, random), locked(target, random):
            yield

    return fault


def change(target: Target, statement: str) -> None:
    """Change a setting of the club, and end its sessions."""
    server, name = target.database_server, target.database_name
    server.psql(statement.format(name=f'"{name}"'))
    server.psql(TERMINATE)


@contextmanager
def locked(target: Target, random: Random) -> Iterator[None]:
    """One table is locked, as by an ALTER TABLE."""
    server, table = target.database_server, random.choice(TABLES)
    url = server.database_url(target.database_name).replace("+asyncpg", "")
    with asyncio.Runner() as runner:
        connection = runner.run(asyncpg.connect(url))
        runner.run(connection.execute(f"BEGIN; LOCK TABLE {table}"))
        try:
            yield
        finally:
            runner.run(connection.close())


@contextmanager
def sessions_ended(target: Target, _: Random) -> Iterator[None]:
    """Sessions end one by one, those in a COMMIT first."""
    statement = TERMINATE + AT_RANDOM
    over = threading.Event()

    def end() -> None:
        while not over.wait(EVERY):
            target.database_server.psql(statement)

    thread = threading.Thread(target=end, name="sessions")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextmanager
def file_locked(target: Target, _: Random) -> Iterator[None]:
    """Another process writes to the file and does not end."""
    file = target.folder / target.database_name
    with closing(sqlite3.connect(file, timeout=30, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            connection.execute("ROLLBACK")


@contextmanager
def disk_full(target: Target, _: Random) -> Iterator[None]:
    """No process of the club may write to its files beyond some bytes, but for Linux."""
    limited = [
        member for process in target.cluster.processes.values() for member in process.family()
    ]
    for process in limited:
        limit(process, DISK)
    try:
        yield
    finally:
        for process in limited:
            limit(process, psutil.RLIM_INFINITY)


def limit(process: psutil.Process, size: int) -> None:
    """Limit the size of the files that a process writes; nothing if it has ended."""
    with suppress(psutil.NoSuchProcess):
        process.rlimit(psutil.RLIMIT_FSIZE, (size, psutil.RLIM_INFINITY))


POSTGRESQL: Mapping[str, Fault] = {
    "database-stopped": of_outage(outages.stopped),
    "database-killed": of_outage(outages.killed),
    "database-frozen": of_outage(outages.frozen),
    "database-read-only": setting(
        "ALTER DATABASE {name} SET default_transaction_read_only = on",
        "ALTER DATABASE {name} RESET default_transaction_read_only",
    ),
    "database-login-revoked": setting(f"ALTER ROLE {ROLE} NOLOGIN", f"ALTER ROLE {ROLE} LOGIN"),
    "database-too-many-connections": setting(
        "ALTER DATABASE {name} CONNECTION LIMIT 0", "ALTER DATABASE {name} CONNECTION LIMIT -1"
    ),
    "database-sessions-ended": sessions_ended,
    "statement-timeout": timeout("statement_timeout"),
    "lock-timeout": timeout("lock_timeout"),
    "table-locked": locked,
}
SQLITE: Mapping[str, Fault] = {
    "database-locked": file_locked,
    "database-disk-full": disk_full,
}
