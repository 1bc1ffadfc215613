"""The club that a fault is applied to."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from reading_club_functional.faults.review_writer import ReviewWriter
from reading_club_functional.faults.supervised_processes import SupervisedProcesses
from reading_club_functional.faults.writer import Writer
from reading_club_functional.servers import PostgreSQLServer, Server

ROLE = "club"
"""The club's role at PostgreSQL, without superuser privileges, so that limits apply to it."""


@dataclass(frozen=True)
class Target:
    """A running club, its servers, and the writers of books and reviews that load it."""

    processes: SupervisedProcesses
    writer: Writer
    reviews: ReviewWriter
    broker: Server
    postgresql: PostgreSQLServer | None = None
    """None for a club on SQLite."""

    @property
    def database_server(self) -> PostgreSQLServer:
        """The PostgreSQL server. Raises AssertionError for a club on SQLite."""
        assert self.postgresql is not None
        return self.postgresql

    @property
    def database_name(self) -> str:
        """The name of the database."""
        return self.processes.club.settings["database_url"].rpartition("/")[2]

    @property
    def database_file(self) -> Path:
        """The file of a club on SQLite."""
        return Path(self.processes.club.settings["database_url"].partition("///")[2])


Fault = Callable[[Target, Random], AbstractContextManager[None]]
"""A context manager: the fault begins on entry and ends on exit."""
