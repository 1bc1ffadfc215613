"""Files and folders with modes 0600 and 0700, for their owner alone."""

import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sqlalchemy import URL

FOLDER: Final = 0o700
FILE: Final = 0o600
OURS: Final = ("club.sqlite3", "run.lock")
"""Files that mark a folder as a data folder of the service."""
BESIDE: Final = ("", "-wal", "-shm", "-journal")
"""Suffixes of SQLite's files; SQLite creates those beside the database with its mode."""


def make_private_folder(folder: Path) -> None:
    """Create a folder with mode 0700, or restrict an existing data folder. Raises OSError.

    Any other existing folder keeps its mode: it may have other users.
    """
    folder.mkdir(mode=FOLDER, parents=True, exist_ok=True)
    if any(is_file(folder / name) for name in OURS):
        _restrict(folder, FOLDER)


def make_private_database(url: "URL") -> None:
    """Create the file of a SQLite database with mode 0600, and restrict SQLite's existing files.

    Ignores an OSError: the caller checks with ``is_file`` that the database file exists.
    """
    path = database_file(url)
    if path is None or path.is_dir():
        return
    with suppress(OSError):
        path.touch(mode=FILE)
    for suffix in BESIDE:
        _restrict(path.with_name(path.name + suffix), FILE)


def database_file(url: "URL") -> Path | None:
    """Return the file of a SQLite database, None for any other database."""
    name = url.database or ""
    if url.get_backend_name() != "sqlite" or not name or name.startswith((":memory:", "file:")):
        return None
    return Path(name)


def is_file(path: Path) -> bool:
    """Return whether this is a file; False without permission to find out."""
    with suppress(OSError):
        return path.is_file()
    return False


def write_private(path: Path, text: str) -> None:
    """Write a file with mode 0600."""
    path.touch(mode=FILE)
    path.chmod(FILE)
    path.write_text(text, encoding="utf-8")


def _restrict(path: Path, most: int) -> None:
    """Remove permissions above a mode. Skips sticky folders such as ``/tmp``; ignores OSError."""
    with suppress(OSError):
        mode = path.stat().st_mode
        if stat.S_IMODE(mode) & ~most and not mode & stat.S_ISVTX:
            path.chmod(stat.S_IMODE(mode) & most)
