"""The command ``reading-club restore``: a copy in place of the database of a stopped club."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from reading_club.app.backup.durable_files import flush_to_disk, remove_logs, rename_durably
from reading_club.app.backup.location import database_path
from reading_club.app.backup.postgresql import restore_advice
from reading_club.app.backup.sqlite_copy import Contents, contents_of, copy_database, unused
from reading_club.app.backup.staging import prepare, staged_in
from reading_club.app.embedded.broker import discard_messages
from reading_club.app.embedded.run import data_dir_lock
from reading_club.app.private_files import BESIDE, FOLDER, is_file
from reading_club.app.settings import ConfigurationError, Settings
from reading_club.eventstream.command_line import CommandFailed


@dataclass(frozen=True)
class Restored:
    """The result of a restore."""

    contents: Contents
    """Of the copy, before its schema was upgraded."""
    revision: str
    """The schema of the restored database."""
    requeued: int
    """Events of the copy that a subscriber has not received: they are sent again."""
    kept: Path | None
    """The database from before, None if there was none."""


def restore(settings: Settings, file: Path) -> Restored:
    """Put a copy in place of the database of a stopped club, in one step.

    Until that step the database is as it was. What waits at the embedded broker is discarded
    before: some of it is of transactions that the copy does not have. Raises CommandFailed, with
    the database unchanged.
    """
    database = database_path(settings, restore_advice(settings, file))
    if not file.exists():
        raise CommandFailed(f"there is no file {file}")
    if not is_file(file):
        raise CommandFailed(f"{file} is no file with a copy")
    if database.exists() and file.samefile(database):
        raise CommandFailed(f"{file} is the database itself")
    try:
        with data_dir_lock(settings), _empty_folder_beside(database) as folder:
            return _restore(settings, file, database, staged_in(settings, folder))
    except ConfigurationError as exc:
        raise CommandFailed(f"{file} is not restored: {exc}") from exc
    except sqlite3.Error as exc:
        raise CommandFailed(f"{file} cannot be restored: {exc}") from exc
    except OSError as exc:
        raise CommandFailed(f"{exc.filename or database}: {exc.strerror}") from exc


def _restore(settings: Settings, file: Path, database: Path, staged: Settings) -> Restored:
    with unused(database):
        contents = contents_of(file)
        copy_database(file, staged.database_file)
        requeued = prepare(staged)
        with unused(staged.database_file):  # which makes it one file again
            flush_to_disk(staged.database_file)
        revision = contents_of(staged.database_file).revision
        kept = _keep(database)
        if settings.broker_url is None:
            discard_messages(settings.data_dir)
        remove_logs(database)
        rename_durably(staged.database_file, database)
    return Restored(contents, revision, requeued, kept)


def _keep(database: Path) -> Path | None:
    """Give the database, with its logs, a second name that has the time; return that name."""
    if not database.exists():
        return None
    kept = database.with_name(f"{database.name}.before-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}")
    for suffix in BESIDE:
        path = database.with_name(database.name + suffix)
        if path.exists():
            _link_or_copy(path, kept.with_name(kept.name + suffix))
    return kept


def _link_or_copy(path: Path, name: Path) -> None:
    try:
        os.link(path, name)
    except OSError:  # a file system without links
        shutil.copy2(path, name)
        flush_to_disk(name)


@contextmanager
def _empty_folder_beside(database: Path) -> Iterator[Path]:
    """Yield a private folder on the file system of the database, removed at the end.

    What a killed restore has left in it is removed first.
    """
    folder = database.with_name(f"{database.name}.restoring")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=FOLDER)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
