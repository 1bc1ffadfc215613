"""Programs that come in wheels."""

import shutil
from importlib.util import find_spec
from pathlib import Path

from reading_club_functional.servers.account import Account


def package_folder(package: str) -> Path | None:
    """Where a package is installed; it is not imported."""
    spec = find_spec(package)
    return Path(spec.origin).parent if spec and spec.origin else None


def program(package: str, pattern: str, account: Account, spare: Path) -> Path:
    """The one program of an installed package that matches `pattern`.

    It is run from a copy in `spare` when `account` cannot reach the original, which is so in a
    virtual environment below /root. Raises `FileNotFoundError` when there is none.
    """
    installed = package_folder(package)
    found = next(installed.glob(pattern), None) if installed else None
    if installed is None or found is None:
        raise FileNotFoundError(f"{package}/{pattern} is not installed")
    copied = spare / found.relative_to(installed.parent)
    if not copied.exists():
        if account.can_run(found):
            return found
        _copy(installed, account, spare)
    return copied


def _copy(installed: Path, account: Account, spare: Path) -> None:
    """Copy a package together with the libraries that its wheel keeps beside it."""
    for folder in (installed, installed.with_name(f"{installed.name}.libs")):
        if folder.is_dir():
            shutil.copytree(folder, spare / folder.name, symlinks=True, dirs_exist_ok=True)
    account.own(spare)
