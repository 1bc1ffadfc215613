"""Files that are complete or absent under their name, also after a power cut."""

import os
from pathlib import Path

from reading_club.app.private_files import BESIDE


def flush_to_disk(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def rename_durably(path: Path, target: Path) -> None:
    """Give a flushed file a name in one step, in place of any other file. Raises OSError."""
    path.replace(target)
    flush_to_disk(target.parent)


def remove_logs(path: Path) -> None:
    """Remove the files that SQLite keeps beside a database. Raises OSError."""
    for suffix in BESIDE[1:]:
        path.with_name(path.name + suffix).unlink(missing_ok=True)
