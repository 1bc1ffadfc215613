"""Faults of a SQLite file."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from random import Random

import psutil

from reading_club_functional.faults.supervised_processes import ROLES
from reading_club_functional.faults.target import Fault, Target
from reading_club_functional.outages import lasting

DISK = 4096
"""The size of the largest file, in bytes, that a process may write."""
READ_ONLY, PRIVATE = 0o400, 0o600


@contextmanager
def file_locked(target: Target, _: Random) -> Iterator[None]:
    """A write transaction of another connection stays open."""
    with closing(
        sqlite3.connect(target.database_file, timeout=30, isolation_level=None)
    ) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield


def disk_full(target: Target, _: Random) -> AbstractContextManager[None]:
    """Writes of the club's processes fail beyond a file size of 4096 bytes (Linux only)."""
    limited = [
        member for process in target.processes.by_role.values() for member in process.family()
    ]

    def limit(size: int) -> None:
        for process in limited:
            with suppress(psutil.NoSuchProcess):
                process.rlimit(psutil.RLIMIT_FSIZE, (size, psutil.RLIM_INFINITY))

    return lasting(lambda: limit(DISK), lambda: limit(psutil.RLIM_INFINITY))


def read_only(target: Target, random: Random) -> AbstractContextManager[None]:
    """The file becomes read-only, and one process is replaced, which then opens it read-only."""

    def begin() -> None:
        target.database_file.chmod(READ_ONLY)
        target.processes.kill(random.choice([*ROLES]))

    return lasting(begin, lambda: target.database_file.chmod(PRIVATE))


SQLITE: Mapping[str, Fault] = {
    "database-locked": file_locked,
    "database-disk-full": disk_full,
    "database-read-only": read_only,
}
