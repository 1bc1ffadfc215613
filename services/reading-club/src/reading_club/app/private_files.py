"""Files and folders that only their owner can read."""

import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sqlalchemy import URL

FOLDER: Final = 0o700
FILE: Final = 0o600
OURS: Final = ("club.sqlite3", "run.lock")
"""Files by which a folder is known to be a club's."""
BESIDE: Final = ("", "-wal", "-shm", "-journal")
"""What SQLite keeps beside a database; it gives new ones the mode of the database."""


def make_private_folder(folder: Path) -> None:
    """Make a folder, or restrict one that holds a club already. Raises OSError.

    A folder that is there and holds no club may be anybody's: it is left as it is.
    """
    folder.mkdir(mode=FOLDER, parents=True, exist_ok=True)
    if any(is_file(folder / name) for name in OURS):
        _restrict(folder, FOLDER)


def make_private_database(url: "URL") -> None:
    """Make the file of a SQLite database before SQLite does, or restrict the files that are there.

    What cannot be made is told by ``is_file``.
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
    """Tell whether this is a file, as far as this process may know."""
    with suppress(OSError):
        return path.is_file()
    return False


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read."""
    path.touch(mode=FILE)
    path.chmod(FILE)
    path.write_text(text, encoding="utf-8")


def _restrict(path: Path, most: int) -> None:
    """Take away what is above a mode, but for what others own, or all share, as ``/tmp``."""
    with suppress(OSError):
        mode = path.stat().st_mode
        if stat.S_IMODE(mode) & ~most and not mode & stat.S_ISVTX:
            path.chmod(stat.S_IMODE(mode) & most)
