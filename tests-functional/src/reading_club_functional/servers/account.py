"""The account that servers run under."""

import os
import pwd
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Self


class Account(NamedTuple):
    """A user and a group of this machine, without further groups."""

    uid: int
    gid: int

    @classmethod
    def ours(cls) -> Self:
        """The one that this process runs under."""
        return cls(os.geteuid(), os.getegid())

    @classmethod
    def for_servers(cls) -> Self:
        """Our own, or `nobody` for root: PostgreSQL refuses to run as root."""
        if os.geteuid():
            return cls.ours()
        nobody = pwd.getpwnam("nobody")
        return cls(nobody.pw_uid, nobody.pw_gid)

    def run(
        self, argv: Sequence[str | Path], env: Mapping[str, str], timeout: float = 60.0
    ) -> subprocess.CompletedProcess[str]:
        """Run a program to its end and collect what it says; the exit code is not judged.

        Raises `OSError` when the account cannot execute it and `subprocess.TimeoutExpired`.
        """
        return subprocess.run(
            argv,
            env=env,
            timeout=timeout,
            user=self.uid,
            group=self.gid,
            extra_groups=None if os.geteuid() else (),
            cwd="/",
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )

    def can_run(self, program: Path) -> bool:
        """Whether the program and its libraries are within reach, found out by trying."""
        try:
            return self.run([program, "--version"], env={}).returncode == 0
        except OSError:
            return False

    def own(self, path: Path) -> None:
        """Make a file or a whole folder the account's property."""
        for each in (path, *path.rglob("*")):
            os.chown(each, self.uid, self.gid, follow_symlinks=False)
