"""The operating system's account that servers run under."""

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
        """Return the account of this process."""
        return cls(os.geteuid(), os.getegid())

    @classmethod
    def for_servers(cls) -> Self:
        """Return our account; for root an unprivileged one, which PostgreSQL requires."""
        if os.geteuid():
            return cls.ours()
        nobody = pwd.getpwnam("nobody")
        return cls(nobody.pw_uid, nobody.pw_gid)

    def run(
        self, argv: Sequence[str | Path], env: Mapping[str, str], timeout: float = 60.0
    ) -> subprocess.CompletedProcess[str]:
        """Run a program and return output and exit code, also for a code other than 0.

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
        """Whether ``program --version`` succeeds under this account."""
        try:
            return self.run([program, "--version"], env={}).returncode == 0
        except OSError:
            return False

    def own(self, path: Path) -> None:
        """Make the account the owner of a file, or of a folder and its contents."""
        for each in (path, *path.rglob("*")):
            os.chown(each, self.uid, self.gid, follow_symlinks=False)
