"""The command ``reading-club backup``: a consistent copy of the database, while the club runs."""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reading_club.app.backup.durable_files import remove_logs, rename_durably
from reading_club.app.backup.location import database_path
from reading_club.app.backup.postgresql import dump_advice
from reading_club.app.backup.sqlite_copy import Contents, contents_of, copy_database
from reading_club.app.private_files import FILE, is_file
from reading_club.app.settings import Settings
from reading_club.eventstream.command_line import CommandFailed


def backup(settings: Settings, file: Path, *, force: bool) -> Contents:
    """Write a copy of the database to a file of mode 0600, and return what the copy has.

    The file appears under its name when it is complete, checked and on the disk. ``force``
    replaces an existing one. Raises CommandFailed, and ConfigurationError.
    """
    database = database_path(settings, dump_advice(settings, file))
    if not database.exists():
        raise CommandFailed(f"there is no database yet: {database}")
    if file.exists() and file.samefile(database):
        raise CommandFailed(f"{file} is the database itself")
    if file.exists() and not is_file(file):
        raise CommandFailed(f"{file} is no file that a copy may replace")
    if file.exists() and not force:
        raise CommandFailed(f"{file} exists: give another name, or --force to replace it")
    try:
        with _partial(file) as partial:
            copy_database(database, partial)
            contents = contents_of(partial)
            rename_durably(partial, file)
    except sqlite3.Error as exc:
        raise CommandFailed(f"{database} cannot be copied: {exc}") from exc
    except OSError as exc:
        raise CommandFailed(f"{file} cannot be written: {exc.strerror}") from exc
    return contents


@contextmanager
def _partial(file: Path) -> Iterator[Path]:
    """Yield the path of an empty file beside another, and remove what is left of it at the end.

    A backup that was killed leaves that file, which the next one begins anew. Raises CommandFailed
    while another backup writes it.
    """
    path = file.with_name(f"{file.name}.partial")
    # A link of this name, in a folder that others write to, might lead to any file.
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, FILE)
    with open(descriptor, "r+b") as lock:  # noqa: PTH123  # of a descriptor
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CommandFailed(f"another backup writes {path}") from None
        try:
            lock.truncate()
            remove_logs(path)
            yield path
        finally:
            path.unlink(missing_ok=True)
            remove_logs(path)
