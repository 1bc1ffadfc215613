"""The clubs under test: PostgreSQL with RabbitMQ, and SQLite with Valkey."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from reading_club_functional.cluster import prepared_cluster
from reading_club_functional.consistency import count_effects
from reading_club_functional.faults import brokers, postgresql, sqlite
from reading_club_functional.faults.postgresql import DETECTED_AFTER
from reading_club_functional.faults.review_writer import ReviewWriter
from reading_club_functional.faults.supervised_processes import SupervisedProcesses
from reading_club_functional.faults.target import ROLE, Fault, Target
from reading_club_functional.faults.writer import Writer
from reading_club_functional.servers import PostgreSQLServer, RabbitMQServer, ValkeyServer

SETTINGS = {"reconcile_after": "3", "attempt_pause": "0.5", "attempts": "3"}
"""Seconds until lost events are sent again, seconds between attempts, attempts per event."""


@dataclass(frozen=True)
class Pair:
    """A kind of club, and the faults of its servers."""

    open: Callable[[Path], AbstractContextManager[Target]]
    servers: Mapping[str, Fault]


@contextmanager
def large(folder: Path) -> Iterator[Target]:
    """Open a club on PostgreSQL and RabbitMQ, with a role without superuser privileges."""
    with PostgreSQLServer() as server, RabbitMQServer() as broker:
        server.psql(f"CREATE ROLE {ROLE} LOGIN")
        url = server.create_database()
        server.psql(f'ALTER DATABASE "{url.rpartition("/")[2]}" OWNER TO {ROLE}')
        server.psql(f"ALTER ROLE {ROLE} SET deadlock_timeout = '{DETECTED_AFTER}'")
        url = url.replace("postgres@", f"{ROLE}@")
        with started(folder, url, broker.url) as (processes, reviews):
            yield Target(processes, Writer(processes.club.url), reviews, broker, server)


@contextmanager
def small(folder: Path) -> Iterator[Target]:
    """Open a club on a SQLite file and Valkey."""
    url = f"sqlite:///{folder / 'club.sqlite3'}"
    with ValkeyServer() as broker, started(folder, url, broker.url) as (processes, reviews):
        yield Target(processes, Writer(processes.club.url), reviews, broker)


@contextmanager
def started(
    folder: Path, database_url: str, broker_url: str
) -> Iterator[tuple[SupervisedProcesses, ReviewWriter]]:
    """Start all processes of a club with members, and triggers that count the effects."""
    with (
        ThreadPoolExecutor(1) as starter,
        prepared_cluster(folder, database_url, broker_url, **SETTINGS) as club,
    ):
        count_effects(club.database, sqlite=database_url.startswith("sqlite"))
        reviews = ReviewWriter.of_new_members(club.url, club.app_settings)
        yield SupervisedProcesses(club, starter), reviews


PAIRS: Mapping[str, Pair] = {
    "postgresql-rabbitmq": Pair(large, {**postgresql.POSTGRESQL, **brokers.RABBITMQ}),
    "sqlite-valkey": Pair(small, {**sqlite.SQLITE, **brokers.VALKEY}),
}
