"""Copies of a SQLite database that is in use, and the check of a copy."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from reading_club.app.backup.durable_files import flush_to_disk
from reading_club.app.private_files import FILE
from reading_club.eventstream.command_line import CommandFailed

STEP: Final = 1_000
"""Pages that are copied at once: between two steps Ctrl-C ends the copy."""
WAIT: Final = 5.0
"""Seconds to wait for a lock of another connection."""
TABLES: Final = frozenset({"alembic_version", "books", "inbox", "messages", "outbox"})
"""The tables that a club has had in all releases."""
COUNTED: Final = ("books", "accounts", "reviews", "messages")


@dataclass(frozen=True)
class Contents:
    """What a copy has: its schema, its size in bytes, numbers of rows, and the newest message."""

    revision: str
    size: int
    rows: dict[str, int]
    newest: str | None
    """The time of the newest message, in UTC."""

    def __str__(self) -> str:
        names = {"accounts": "members"}
        counts = [f"{number} {names.get(name, name)}" for name, number in self.rows.items()]
        until = "no message" if self.newest is None else f"the newest of {self.newest} UTC"
        return f"{', '.join(counts)} ({until}); schema {self.revision}; {self.size:,} bytes"


def copy_database(source: Path, target: Path) -> None:
    """Copy a database, which may be in use, into a new private file, and flush that to the disk.

    The copy has the state of one moment, that of the first step: all steps read in one
    transaction, for which no writer waits. Raises OSError, and sqlite3.Error.
    """
    target.touch(mode=FILE)
    target.chmod(FILE)
    with _opened(source) as original, closing(sqlite3.connect(target)) as copy:
        original.execute("BEGIN")
        original.execute("SELECT count(*) FROM sqlite_master").fetchone()
        original.backup(copy, pages=STEP)
        # The copy is one file then, without a log beside it; a process of the club changes that.
        copy.execute("PRAGMA journal_mode = DELETE")
    flush_to_disk(target)


def contents_of(path: Path) -> Contents:
    """Check a database, and return what it has.

    Raises CommandFailed if it is damaged, or no club's.
    """
    try:
        with _opened(path) as connection:
            return _contents_of(path, connection)
    except sqlite3.Error as exc:
        raise CommandFailed(f"{path} is no database of a club: {exc}") from exc


def _contents_of(path: Path, connection: sqlite3.Connection) -> Contents:
    (verdict,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if verdict != "ok":
        raise CommandFailed(f"{path} is damaged: {verdict}")
    found = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    if missing := sorted(TABLES - found):
        raise CommandFailed(f"{path} is no database of a club: it has no table {missing[0]}")
    (revision,) = connection.execute("SELECT max(version_num) FROM alembic_version").fetchone()
    (newest,) = connection.execute("SELECT max(created_at) FROM messages").fetchone()
    counts = {
        name: int(connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0])  # noqa: S608  # names of this file
        for name in COUNTED
        if name in found
    }
    return Contents(str(revision), path.stat().st_size, counts, newest and newest[:19])


@contextmanager
def unused(path: Path) -> Iterator[None]:
    """Keep every other connection out of a database, whose log is written into its file.

    Raises CommandFailed if a process has it open. A database that is missing, or too damaged to be
    locked, stays open to every connection.
    """
    if not path.exists():
        yield
        return
    with _opened(path) as connection:
        try:
            for statement in (
                "PRAGMA journal_mode = DELETE",  # refused while there is another connection
                "PRAGMA locking_mode = EXCLUSIVE",
                "BEGIN EXCLUSIVE",
            ):
                connection.execute(statement)
        except sqlite3.DatabaseError as exc:
            if exc.sqlite_errorcode & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
                raise CommandFailed(
                    f"{path} is in use: stop web, relay and workers, and restore then"
                ) from exc
        yield


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Open an existing database, without transactions of Python's own."""
    uri = f"{path.resolve().as_uri()}?mode=rw"
    with closing(sqlite3.connect(uri, uri=True, timeout=WAIT, isolation_level=None)) as connection:
        yield connection
