"""The wheels of earlier releases, built from the commits that ``releases.toml`` names."""

import shutil
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[3]
FILE = ROOT / "releases.toml"
CACHE = ROOT / "var" / "releases"
"""Wheels are built once for each commit; git ignores the folder."""


class ReleaseNotBuilt(Exception):
    """The wheels of a release could not be built; the message says why."""


def commits() -> dict[str, str]:
    """Return the commit of each release by its version, the oldest first."""
    releases = tomllib.loads(FILE.read_text(encoding="utf-8"))["release"]
    return {release["version"]: release["commit"] for release in releases}


def require_commit(commit: str, root: Path = ROOT) -> None:
    """Raise `ReleaseNotBuilt` if the clone does not have the commit."""
    command = ["git", "-C", str(root), "cat-file", "-e", f"{commit}^{{commit}}"]
    if subprocess.run(command, check=False, capture_output=True).returncode:
        raise ReleaseNotBuilt(
            f"the commit {commit} is not in this clone: fetch the whole history "
            "(`git fetch --unshallow`, in CI a checkout with `fetch-depth: 0`)"
        )


def wheels_of(version: str) -> Path:
    """Return a folder with the wheels of a release. Raises `ReleaseNotBuilt`."""
    commit = commits()[version]
    require_commit(commit)
    folder = CACHE / commit
    if not folder.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=CACHE) as temporary:
            archive, source, wheels = (Path(temporary, part) for part in ("a.tar", "src", "wheels"))
            _run(["git", "archive", "--output", archive, commit], ROOT)
            shutil.unpack_archive(archive, source)
            build = ("build", "--quiet", "--all-packages", "--wheel", "--out-dir", wheels)
            _run([uv(), *build], source)
            try:
                wheels.rename(folder)
            except OSError:  # another process of the tests has built them meanwhile
                if not folder.exists():
                    raise
    return folder


def environment_of(version: str, folder: Path, requirements: Sequence[str]) -> Path:
    """Make a virtual environment with packages of a release; return its interpreter.

    Other packages have the versions of this workspace's lock file. Raises `ReleaseNotBuilt`.
    """
    wheels, python = wheels_of(version), folder / "bin" / "python"
    lock = folder.with_suffix(".txt")
    everything = ("--all-packages", "--all-groups", "--all-extras", "--no-emit-workspace")
    export = ("export", "--quiet", "--frozen", *everything, "--no-hashes", "--output-file", lock)
    _run([uv(), *export], ROOT)
    with lock.open("a", encoding="utf-8") as constraints:
        for wheel in wheels.glob("*.whl"):
            name = wheel.name.partition("-")[0].replace("_", "-")
            constraints.write(f"{name} @ {wheel.as_uri()}\n")
    _run([uv(), "venv", "--quiet", "--python", sys.executable, folder], ROOT)
    install = ("pip", "install", "--quiet", "--python", python, "--constraint", lock)
    _run([uv(), *install, *requirements], ROOT)
    return python


def uv() -> str:
    """Return the program that ``make`` uses. Raises `ReleaseNotBuilt` if it is missing."""
    own = ROOT / ".tools" / "bin" / "uv"
    found = shutil.which("uv") or (str(own) if own.exists() else None)
    if found is None:
        raise ReleaseNotBuilt("uv is missing: `make sync-all` installs it")
    return found


def _run(command: Sequence[str | Path], folder: Path) -> None:
    """Run a program. Raises `ReleaseNotBuilt` with its stderr."""
    result = subprocess.run(
        command, cwd=folder, check=False, capture_output=True, text=True, timeout=240
    )
    if result.returncode:
        raise ReleaseNotBuilt(f"{Path(command[0]).name} {command[1]}: {result.stderr.strip()}")
