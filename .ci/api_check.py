"""Compare the public names with those of the last release: a break has to be in the changelog.

``docs/stability.md`` says what is public, and which release may break it. A break is in the
changelog if the part above the last release names, as code, the object, its class or its module.
"""

import re
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

import griffe

ROOT = Path(__file__).parents[1]
ROW = re.compile(r"^\| `(reading_club[\w.]+)` \| (everything below it|what it exports) \|$", re.M)


def last_release() -> tuple[str, str]:
    """Return version and commit of the newest release of ``releases.toml``."""
    release = tomllib.loads((ROOT / "releases.toml").read_text(encoding="utf-8"))["release"][-1]
    return release["version"], release["commit"]


def extract(commit: str, folder: Path, root: Path = ROOT) -> None:
    """Write the files of a commit into a folder. Raises SystemExit if the clone lacks it."""
    archive = folder / "release.tar"
    command = ["git", "-C", str(root), "archive", "--output", str(archive), commit, "packages"]
    if subprocess.run(command, check=False).returncode:
        sys.exit(f"{commit} is not in this clone: fetch the whole history (git fetch --unshallow)")
    with tarfile.open(archive) as files:
        files.extractall(folder, filter="data")


def load(root: Path) -> griffe.Module:
    """Return the package as it is in the sources of all distributions, read and not imported."""
    paths = sorted(root.glob("packages/*/src"))
    loader = griffe.GriffeLoader(search_paths=paths, allow_inspection=False)
    package = loader.load("reading_club")
    loader.resolve_aliases(implicit=True, external=False)
    if not isinstance(package, griffe.Module):
        raise TypeError(package)
    return package


def members(package: griffe.Module, module: str) -> dict[str, griffe.Object | griffe.Alias]:
    """Return the names in a module of the package; none if there is no such module."""
    try:
        found: griffe.Object | griffe.Alias = package[module.partition(".")[2]]
    except KeyError:
        return {}
    return found.members


def public_paths(page: str, *packages: griffe.Module) -> set[str]:
    """Return the paths that the table of the page makes public, those of exports resolved."""
    paths = set[str]()
    for module, extent in ROW.findall(page):
        if extent == "everything below it":
            paths.add(module)
            continue
        for package in packages:
            exports = members(package, module).items()
            names = [(name, member) for name, member in exports if member.is_exported]
            paths |= {f"{module}.{name}" for name, _ in names}
            paths |= {m.target_path if isinstance(m, griffe.Alias) else m.path for _, m in names}
    return paths


def is_within(path: str, paths: set[str]) -> bool:
    """Whether the path, or one above it, is in the set."""
    parts = path.split(".")
    return any(".".join(parts[:end]) in paths for end in range(1, len(parts) + 1))


def public_breaks(
    old: griffe.Module, new: griffe.Module, page: str
) -> Iterator[tuple[str, griffe.Breakage]]:
    """Yield the path and the break of each public object that is gone or changed."""
    paths = public_paths(page, old, new)
    for breakage in griffe.find_breaking_changes(old, new):
        for path in (breakage.obj.path, breakage.obj.canonical_path):
            if is_within(path, paths):
                yield path, breakage
                break


def is_announced(path: str, changelog: str) -> bool:
    """Whether the text names, as code, the object, its class or its module."""
    code = re.findall(r"`([^`]+)`", changelog)
    parts = path.split(".")
    names = {part for part in parts if part[:1].isupper()} | {parts[-1]}
    modules = {".".join(parts[:end]) for end in range(3, len(parts) + 1)}
    named_modules = {name for text in code for name in re.findall(r"reading_club[\w.]*\w", text)}
    words = {word for text in code for word in re.findall(r"\w+", text)}
    return bool(names & words or modules & named_modules)


def may_break(last: str, current: str) -> bool:
    """Whether the version may have breaks since the last; the same version is not released yet."""
    was, now = last.split("."), current.split(".")
    place = 1 if now[0] == "0" else 0
    return last == current or was[: place + 1] != now[: place + 1]


def main() -> None:
    """Print each break that is not allowed, and exit with 1 if there is one."""
    last, commit = last_release()
    project = (ROOT / "services" / "reading-club" / "pyproject.toml").read_text(encoding="utf-8")
    current = tomllib.loads(project)["project"]["version"]
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").split(f"\n## [{last}]")[0]
    page = (ROOT / "docs" / "stability.md").read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as temporary:
        extract(commit, Path(temporary))
        breaks = list(public_breaks(load(Path(temporary)), load(ROOT), page))
    silent = sorted({f"{b.kind.value}: {p}" for p, b in breaks if not is_announced(p, changelog)})
    print(f"{len(breaks)} breaks of public names since {last}, {len(silent)} not in the changelog")
    print(*silent, sep="\n")
    if silent or (breaks and not may_break(last, current)):
        sys.exit(f"{current} may not break {last} like this: see docs/stability.md")


if __name__ == "__main__":
    main()
