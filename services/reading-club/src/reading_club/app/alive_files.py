"""Files by which processes tell a health check on the same machine that they work."""

import fcntl
import json
import os
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from reading_club.app.private_files import FOLDER

FRESH: Final = 30.0
"""Seconds after which a file that was not touched tells that its process hangs."""

FORGOTTEN: Final = 86_400.0
"""Seconds after which a file that was not touched is removed by the next process that starts."""


@dataclass(frozen=True)
class ProcessReport:
    """What a running process told last; ``stalled`` is the part of it that hangs, if one does."""

    role: str
    subscriber: str
    host: str
    pid: int
    stalled: str | None = None


class AliveFile:
    """The file of this process, with mode 0600: locked while it exists, written while it is alive.

    The lock ends with the process, also by SIGKILL: an unlocked file does not count.
    """

    def __init__(self, folder: Path, role: str, subscriber: str = "") -> None:
        folder.mkdir(mode=FOLDER, parents=True, exist_ok=True)
        _remove_forgotten(folder)
        self._report = ProcessReport(role, subscriber, socket.gethostname(), os.getpid())
        self._file, self._path = tempfile.mkstemp(prefix=f"{role}-", dir=folder)
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def touch(self) -> None:
        """Tell that the process is alive."""
        self._write(None)

    def tell_stalled(self, reason: str) -> None:
        """Tell which part of the process hangs."""
        self._write(reason)

    def remove(self) -> None:
        """Remove the file, at the end of the process."""
        with suppress(OSError):
            os.unlink(self._path)  # noqa: PTH108  # mkstemp returns a text
        os.close(self._file)

    def _write(self, stalled: str | None) -> None:
        line = json.dumps({**asdict(self._report), "stalled": stalled}) + "\n"
        os.pwrite(self._file, line.encode(), 0)
        os.ftruncate(self._file, len(line))


def reports(folder: Path, role: str, subscriber: str = "") -> Iterator[tuple[ProcessReport, float]]:
    """Yield the reports of this machine's processes with this role, each with its age in seconds.

    Without ``subscriber`` those of all. Files of processes that ended are removed.
    """
    for path in sorted(folder.glob(f"{role}-*")):
        with suppress(OSError, ValueError, TypeError), path.open(encoding="utf-8") as file:
            age = time.time() - path.stat().st_mtime
            report = ProcessReport(**json.loads(file.readline()))
            if report.host != socket.gethostname() or subscriber not in ("", report.subscriber):
                continue
            if _is_unlocked(file.fileno()):
                path.unlink(missing_ok=True)
            else:
                yield report, age


def _remove_forgotten(folder: Path) -> None:
    """Remove old files, also of other machines: a container that was killed leaves one for good."""
    for path in folder.iterdir():
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > FORGOTTEN:
                path.unlink()


def _is_unlocked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
