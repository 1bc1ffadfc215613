"""What faults are done to."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from reading_club_functional.faults.cluster import Cluster
from reading_club_functional.faults.writer import Writer
from reading_club_functional.servers import PostgreSQLServer, Server

ROLE = "club"
"""The account of the club at PostgreSQL, which no privilege of a superuser protects."""


@dataclass(frozen=True)
class Target:
    """A running club, with its servers and those who write to it."""

    cluster: Cluster
    writer: Writer
    broker: Server
    folder: Path
    postgresql: PostgreSQLServer | None = None
    """None for a club on SQLite."""

    @property
    def database_server(self) -> PostgreSQLServer:
        """The PostgreSQL. Raises AssertionError for a club on SQLite."""
        assert self.postgresql is not None
        return self.postgresql

    @property
    def database_name(self) -> str:
        """The name of the database, or of its file."""
        return self.cluster.club.settings["database_url"].rpartition("/")[2]

    @property
    def database_file(self) -> Path:
        """The file of a club on SQLite."""
        return self.folder / self.database_name


Fault = Callable[[Target, Random], AbstractContextManager[None]]
"""Begins when it is entered, and is lifted when it is left."""
