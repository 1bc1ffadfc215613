"""Runs the units of ``deploy/systemd`` as systemd would: environment, credentials, notification."""

import os
import re
import shlex
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

from reading_club.app.testing import deployment
from reading_club_functional.process import ClubProcess

FOLDER = Path(__file__).parents[4] / deployment.FOLDER
_DIRECTIVE = re.compile(r"^(\w+)=(.*)$", re.M)
_WATCHDOG = 2.0
"""Seconds of the watchdog in tests, as those of the units are many."""
_WITHIN = 60.0


class Unit:
    """One unit, with its specifiers filled in; ``instance`` is what stands behind the @."""

    def __init__(self, name: str, etc: Path, state: Path, instance: str = "") -> None:
        text = (FOLDER / "systemd" / f"{name}.service").read_text(encoding="utf-8")
        for specifier, value in (("%i", instance), ("%S", str(state)), ("%d", str(etc / name))):
            text = text.replace(specifier, value)
        self._lines = _DIRECTIVE.findall(text)
        _, *self.arguments = shlex.split(self.value("ExecStart"))
        self._load_credentials(etc, etc / name)

    def value(self, directive: str) -> str:
        """Return the one value of a directive."""
        (found,) = self.values(directive)
        return found

    def values(self, directive: str) -> list[str]:
        """Return the values of a directive, in their order."""
        return [value for key, value in self._lines if key == directive]

    @property
    def settings(self) -> Mapping[str, str]:
        """The settings of the process, by their names in lower case without the prefix."""
        pairs = (line.split("=", 1) for line in self.values("Environment"))
        return {name.removeprefix(deployment.PREFIX).lower(): text for name, text in pairs}

    def _load_credentials(self, etc: Path, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        for line in self.values("LoadCredential"):
            name, _, path = line.partition(":")
            (folder / name).write_text((etc / Path(path).name).read_text())


class Notified:
    """The socket on which systemd listens to one process."""

    def __init__(self, folder: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(folder / "notify"))
        self._socket.settimeout(_WITHIN)

    def expect(self, state: str) -> None:
        """Wait until the process tells this state. Raises TimeoutError."""
        while state not in self._socket.recv(4096).decode().splitlines():
            pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()


@contextmanager
def started(unit: Unit, folder: Path, **settings: str) -> Iterator[tuple[ClubProcess, Notified]]:
    """Start the unit's process, and yield it with the socket that it tells its state to."""
    with TemporaryDirectory() as short, Notified(Path(short)) as notified:
        ours = {
            "NOTIFY_SOCKET": f"{short}/notify",
            "WATCHDOG_USEC": f"{_WATCHDOG * 1_000_000:.0f}",
        }
        os.environ.update(ours)
        try:
            both = {**unit.settings, **settings}
            process = ClubProcess(folder, *unit.arguments, settings=both)
        finally:
            for name in ours:
                del os.environ[name]
        with process:
            yield process, notified
