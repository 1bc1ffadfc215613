"""Files and folders with modes 0600 and 0700, for their owner alone."""

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final

FOLDER: Final = 0o700
FILE: Final = 0o600
OURS: Final = ("club.sqlite3", "run.lock")
"""Files that mark a folder as a data folder of the service."""
LARGEST_LOG: Final = 10_000_000
BESIDE: Final = ("", "-wal", "-shm", "-journal")
"""Suffixes of SQLite's files; SQLite creates those beside the database with its mode."""


def make_private_folder(folder: Path) -> None:
    """Create a folder with mode 0700, or restrict an existing data folder. Raises OSError.

    Any other existing folder keeps its mode: it may have other users.
    """
    folder.mkdir(mode=FOLDER, parents=True, exist_ok=True)
    if any(is_file(folder / name) for name in OURS):
        _restrict(folder, FOLDER)


def make_private_database(path: Path) -> bool:
    """Create the file of a SQLite database with mode 0600, and restrict SQLite's existing files.

    Returns False if there is no such file, and none can be created.
    """
    with suppress(OSError):
        path.touch(mode=FILE)
    if not is_file(path):
        return False
    for suffix in BESIDE:
        _restrict(path.with_name(path.name + suffix), FILE)
    return True


def is_file(path: Path) -> bool:
    """Return whether this is a file; False without permission to find out."""
    return os.path.isfile(path)  # noqa: PTH113  # Path.is_file raises without permission


def write_private(path: Path, text: str) -> None:
    """Write a file with mode 0600."""
    path.touch(mode=FILE)
    path.chmod(FILE)
    path.write_text(text, encoding="utf-8")


def open_log(path: Path) -> BinaryIO:
    """Open a log file for appending, with mode 0600.

    One that has grown beyond LARGEST_LOG bytes is put aside first, in place of an older one.
    """
    path.touch(mode=FILE)
    path.chmod(FILE)
    if path.stat().st_size > LARGEST_LOG:
        path.replace(path.with_name(f"{path.name}.1"))
        path.touch(mode=FILE)
    return path.open("ab")


def last_line(path: Path) -> str:
    """Return the last line of a log file, or an empty text if there is none."""
    with suppress(OSError):
        return (path.read_text(encoding="utf-8", errors="replace").splitlines() or [""])[-1]
    return ""


def _restrict(path: Path, most: int) -> None:
    """Remove permissions above a mode. Skips sticky folders such as ``/tmp``; ignores OSError."""
    with suppress(OSError):
        mode = path.stat().st_mode
        if stat.S_IMODE(mode) & ~most and not mode & stat.S_ISVTX:
            path.chmod(stat.S_IMODE(mode) & most)
