"""Test each package from its wheel, in an environment that holds nothing else.

The workspace's own environment cannot tell whether a package imports what only another
one declares; this can.
"""

import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Member:
    """A package, what its tests need besides, and what must not come with it."""

    name: str
    module: str
    extras: str
    forbidden: tuple[str, ...]


MEMBERS = (
    Member("reading-club-domain", "reading_club.domain", "testing", ("sqlalchemy", "celery")),
    Member(
        "reading-club-adapters-sqla",
        "reading_club.adapters.uow_sqla",
        "postgres,sqlite,testing",
        ("celery",),
    ),
    Member(
        "reading-club-adapters-celery",
        "reading_club.adapters.eventstream",
        "redis,testing",
        ("sqlalchemy",),
    ),
)


def call(*command: str | Path, cwd: Path = ROOT) -> None:
    """Run a command; its failure ends everything."""
    subprocess.run([str(part) for part in command], check=True, cwd=cwd)


def install(uv: str, python: Path, folder: Path, requirement: str) -> None:
    """Install a wheel of ours with the locked releases of everything else."""
    call(
        *(uv, "pip", "install", "--quiet", "--python", python),
        *("--find-links", folder, "--constraint", folder / "constraints.txt"),
        *requirement.split(),
    )


def try_member(uv: str, member: Member, folder: Path) -> None:
    """Install the wheel alone and import it, then run the package's tests on it."""
    environment = folder / member.name
    python = environment / "bin" / "python"
    call(uv, "venv", "--quiet", "--python", sys.executable, environment)
    install(uv, python, folder, member.name)
    absent = f"assert not any(map(importlib.util.find_spec, {[*member.forbidden, 'pytest']}))"
    call(python, "-c", f"import importlib.util, {member.module}; {absent}", cwd=folder)
    install(uv, python, folder, f"{member.name}[{member.extras}] hypothesis")
    print(f"{member.name}, alone:", flush=True)
    call(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"packages/{member.name}")


def main(uv: str) -> None:
    """Build all wheels and try each of them."""
    uv = str((ROOT / uv).resolve())
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        call(uv, "build", "--quiet", "--all-packages", "--wheel", "--out-dir", folder)
        call(
            *(
                uv,
                "export",
                "--quiet",
                "--frozen",
                "--all-packages",
                "--all-groups",
                "--all-extras",
            ),
            *("--no-emit-workspace", "--no-hashes", "--output-file", folder / "constraints.txt"),
        )
        for member in MEMBERS:
            try_member(uv, member, folder)


if __name__ == "__main__":
    main(sys.argv[1])
