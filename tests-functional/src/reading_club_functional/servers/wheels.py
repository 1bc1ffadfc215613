"""Programs installed by wheels."""

import shutil
from importlib.metadata import distribution
from pathlib import Path

from reading_club_functional.servers.account import Account


def package_folder(package: str) -> Path:
    """Return the folder of a package without importing it. Raises `PackageNotFoundError`."""
    return Path(str(distribution(package).locate_file(package)))


def program(package: str, pattern: str, account: Account, spare: Path) -> Path:
    """Return the one program of an installed package that matches `pattern`.

    The program is copied to `spare` if `account` cannot execute the original, for example in a
    virtual environment below /root. Raises `PackageNotFoundError`.
    """
    installed = package_folder(package)
    (found,) = installed.glob(pattern)
    copied = spare / found.relative_to(installed.parent)
    if not copied.exists():
        if account.can_run(found):
            return found
        _copy(installed, account, spare)
    return copied


def _copy(installed: Path, account: Account, spare: Path) -> None:
    """Copy a package and the shared libraries of its wheel, and change their owner."""
    for folder in (installed, installed.with_name(f"{installed.name}.libs")):
        if folder.is_dir():
            shutil.copytree(folder, spare / folder.name, symlinks=True, dirs_exist_ok=True)
    account.own(spare)
