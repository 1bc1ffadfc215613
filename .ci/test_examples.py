"""Test each application of ``examples`` in an environment with the wheels alone.

Its own tests run there, and mypy and pyright, both strict, find nothing to ignore.
"""

import re
import sys
import tempfile
from pathlib import Path

from test_wheels import ROOT, build_wheels, call, install

LONGEST = 119
"""Lines of an application; its tests are not counted."""
FORBIDDEN = re.compile(r"type: ignore|pyright: ignore|noqa|(?<!\w)_(?!_)\w")
"""What an application does not need: an ignored finding, and a name with an underscore."""
STUBS = "celery-types"


def require_short(example: Path) -> None:
    """Raise SystemExit if the application is too long, or uses what is private."""
    lines = [line for path in example.glob("*.py") for line in path.read_text("utf-8").splitlines()]
    if len(lines) > LONGEST:
        sys.exit(f"{example.name} has {len(lines)} lines: {LONGEST} are allowed")
    for line in lines:
        if found := FORBIDDEN.search(line):
            sys.exit(f"{example.name}: {found.group()!r} in {line!r}")


def try_example(uv: str, example: Path, folder: Path) -> None:
    """Install the wheels that the application requires, run its tests, and check its types."""
    require_short(example)
    environment = folder / f"example-{example.name}"
    python = environment / "bin" / "python"
    call(uv, "venv", "--quiet", "--python", sys.executable, environment)
    install(uv, python, folder, f"-r {example / 'pyproject.toml'} --extra test {STUBS}")
    passed = call(python, "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=example)
    tools = Path(sys.executable).parent
    cache = ("--cache-dir", folder / "mypy")
    call(tools / "mypy", "--python-executable", python, *cache, ".", cwd=example)
    call(tools / "basedpyright", "--pythonpath", python, "--level", "error", cwd=example)
    print(f"{example.name}, on the wheels alone: {passed}", flush=True)


def main(uv: str) -> None:
    """Build the wheels, and try each example."""
    uv = str((ROOT / uv).resolve())
    with tempfile.TemporaryDirectory() as temporary:
        build_wheels(uv, Path(temporary))
        for project in sorted(ROOT.glob("examples/*/pyproject.toml")):
            try_example(uv, project.parent, Path(temporary))


if __name__ == "__main__":
    main(sys.argv[1])
