"""Faults of PostgreSQL."""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from random import Random

import asyncpg

from reading_club_functional import outages
from reading_club_functional.faults.target import ROLE, Fault, Target
from reading_club_functional.outages import lasting
from reading_club_functional.polling import repeated

TABLES = ("books", "messages", "outbox", "inbox", "catalogue", "activity", "attempts")
TERMINATE = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'club'"
AT_RANDOM = " ORDER BY (query LIKE 'COMMIT%' AND state = 'active') DESC, random() LIMIT 1"
EVERY = 0.1
CROSSED = (("catalogue", "inbox"), ("activity", "inbox"), ("outbox", "books"))
"""Pairs of tables that one transaction of the club locks in the reverse order."""
DETECTED_AFTER = "100ms"
"""``deadlock_timeout`` of the club's sessions: the wait for a lock before the deadlock check."""
FULL = """
CREATE FUNCTION full_{table}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full';
END $$;
CREATE TRIGGER full_{table} BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION full_{table}();
"""
NO_LONGER_FULL = "DROP FUNCTION full_{table} CASCADE"


def setting(begin: str, end: str) -> Fault:
    """Return a fault that changes a setting and ends all sessions: new ones read the setting."""

    return lambda target, _: lasting(lambda: change(target, begin), lambda: change(target, end))


def timeout(name: str) -> Fault:
    """Return a fault that sets a timeout to 200 ms and locks one table."""
    who = f"ALTER ROLE {ROLE} IN DATABASE {{name}}"
    short = setting(f"{who} SET {name} = '200ms'", f"{who} RESET {name}")

    @contextmanager
    def fault(target: Target, random: Random) -> Iterator[None]:
        with short(target, random), locked(target, random):
            yield

    return fault


def change(target: Target, statement: str) -> None:
    """Execute a statement that changes a setting, and end the club's sessions."""
    server, name = target.database_server, target.database_name
    server.psql(statement.format(name=f'"{name}"'))
    server.psql(TERMINATE)


@contextmanager
def session(target: Target) -> Iterator[Callable[[str], object]]:
    """Open a separate session, and yield a function that executes statements in it."""
    url = target.database_server.database_url(target.database_name).replace("+asyncpg", "")
    with asyncio.Runner() as runner:
        connection = runner.run(asyncpg.connect(url))
        try:
            yield lambda statements: runner.run(connection.execute(statements))
        finally:
            runner.run(connection.close())


@contextmanager
def locked(target: Target, random: Random) -> Iterator[None]:
    """One table is locked exclusively, as by an ALTER TABLE."""
    with session(target) as execute:
        execute(f"BEGIN; LOCK TABLE {random.choice(TABLES)}")
        yield


@contextmanager
def full(target: Target, random: Random) -> Iterator[None]:
    """Each INSERT into one table fails with ``disk_full``."""
    table = random.choice(TABLES)
    begin, end = FULL.format(table=table), NO_LONGER_FULL.format(table=table)
    with session(target) as execute, lasting(lambda: execute(begin), lambda: execute(end)):
        yield


@contextmanager
def deadlocks(target: Target, random: Random) -> Iterator[None]:
    """A session locks two tables in the reverse order of the club, whose sessions are aborted."""
    held, wanted = random.choice(CROSSED)
    with session(target) as execute, repeated(lambda: cross(execute, held, wanted), EVERY):
        yield


def cross(execute: Callable[[str], object], held: str, wanted: str) -> None:
    """Lock table `held`, pause until the club's sessions wait for it, lock table `wanted`."""
    execute(f"BEGIN; SET LOCAL deadlock_timeout = '1min'; LOCK TABLE {held}")
    time.sleep(EVERY / 2)
    execute(f"LOCK TABLE {wanted}; COMMIT")


@contextmanager
def sessions_ended(target: Target, _: Random) -> Iterator[None]:
    """The club's sessions are terminated one by one, those in a COMMIT first."""
    with repeated(lambda: target.database_server.psql(TERMINATE + AT_RANDOM), EVERY):
        yield


POSTGRESQL: Mapping[str, Fault] = {
    "database-stopped": lambda target, _: outages.stopped(target.database_server),
    "database-killed": lambda target, _: outages.killed(target.database_server),
    "database-frozen": lambda target, _: outages.frozen(target.database_server),
    "database-read-only": setting(
        "ALTER DATABASE {name} SET default_transaction_read_only = on",
        "ALTER DATABASE {name} RESET default_transaction_read_only",
    ),
    "database-login-revoked": setting(f"ALTER ROLE {ROLE} NOLOGIN", f"ALTER ROLE {ROLE} LOGIN"),
    "database-too-many-connections": setting(
        "ALTER DATABASE {name} CONNECTION LIMIT 0", "ALTER DATABASE {name} CONNECTION LIMIT -1"
    ),
    "database-sessions-ended": sessions_ended,
    "database-table-full": full,
    "database-deadlocks": deadlocks,
    "database-serializable": setting(
        "ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'",
        "ALTER DATABASE {name} RESET default_transaction_isolation",
    ),
    "statement-timeout": timeout("statement_timeout"),
    "lock-timeout": timeout("lock_timeout"),
    "table-locked": locked,
}
