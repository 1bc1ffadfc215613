"""The operating system's account that servers run under."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib.metadata import distribution
from pathlib import Path
from typing import NamedTuple, Self


def package_folder(package: str) -> Path:
    """Return the folder of a package without importing it. Raises `PackageNotFoundError`."""
    return Path(str(distribution(package).locate_file(package)))


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

    def run(self, argv: Sequence[str | Path], env: Mapping[str, str]) -> str:
        """Run a program and return its stdout.

        Raises `subprocess.CalledProcessError` with stderr for an exit code other than 0,
        `subprocess.TimeoutExpired`, and `OSError` when the account cannot execute the program.
        """
        result = subprocess.run(
            argv,
            env=env,
            timeout=60,
            user=self.uid,
            group=self.gid,
            extra_groups=None if os.geteuid() else (),
            cwd="/",
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        if result.returncode:
            error = subprocess.CalledProcessError(result.returncode, argv, result.stdout)
            error.add_note(result.stderr)
            raise error
        return result.stdout

    def program(self, package: str, pattern: str, spare: Path) -> Path:
        """Return the one program of an installed package that matches `pattern`.

        The package is copied to `spare` if the account cannot execute the original, for example in
        a virtual environment below /root. Raises `PackageNotFoundError`.
        """
        installed = package_folder(package)
        (found,) = installed.glob(pattern)
        copied = spare / found.relative_to(installed.parent)
        if not copied.exists():
            with suppress(OSError, subprocess.CalledProcessError):
                self.run([found, "--version"], env={})
                return found
            # With the shared libraries of its wheel.
            for folder in (installed, installed.with_name(f"{package}.libs")):
                if folder.is_dir():
                    self.own(shutil.copytree(folder, spare / folder.name, symlinks=True))
        return copied

    def own(self, path: Path) -> None:
        """Make the account the owner of a file, or of a folder and its contents."""
        for each in (path, *path.rglob("*")):
            os.chown(each, self.uid, self.gid, follow_symlinks=False)
