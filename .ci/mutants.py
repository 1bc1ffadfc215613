"""Mutation tests of the guards in ``mutants.toml``: without its guard, a test has to fail.

A guard is a text in a source file; its tests run on a copy with another text in its place. A
text that does not occur exactly once is an error as well: correct the entry of a moved guard.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
FAILED, PASSED = 1, 0
"""Exit codes of pytest; any other code means that the tests did not run."""


@dataclass(frozen=True)
class Mutant:
    """A guard's text and file, the text in its place, and tests: at least one has to fail."""

    guard: str
    file: str
    old: str
    new: str
    tests: list[str]


def mutants(wanted: list[str]) -> list[Mutant]:
    """Return the guards of ``mutants.toml``, or those whose name contains one of these words."""
    listed = tomllib.loads((ROOT / ".ci" / "mutants.toml").read_text(encoding="utf-8"))
    found = [Mutant(guard=guard, **fields) for guard, fields in listed.items()]
    return [m for m in found if not wanted or any(word in m.guard for word in wanted)]


def copy_to(folder: Path) -> None:
    """Copy the files of the working tree, except those that git ignores."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],  # noqa: S607  # on PATH
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)


def run_tests(folder: Path, tests: list[str]) -> tuple[int, str]:
    """Run the copy's tests on its sources, and return pytest's exit code and output."""
    sources = [str(path) for path in sorted(folder.glob("*/*/src"))]
    sources += [str(folder / "tests-functional" / "src"), str(folder / ".ci")]
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-x",
            "-q",
            "--timeout",
            "120",
            "-p",
            "no:cacheprovider",
            *tests,
        ],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sources), "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def survives(mutant: Mutant, folder: Path) -> str | None:
    """Run the tests without the guard, and restore it; return why it survives, else None."""
    path = folder / mutant.file
    sound = path.read_text(encoding="utf-8")
    if sound.count(mutant.old) != 1:
        return f"its text is {sound.count(mutant.old)} times in {mutant.file}"
    path.write_text(sound.replace(mutant.old, mutant.new), encoding="utf-8")
    try:
        code, output = run_tests(folder, mutant.tests)
    finally:
        path.write_text(sound, encoding="utf-8")
    failed = re.search(r"^FAILED \S*?([^/\s]+::\S+)", output, re.MULTILINE)
    if code == FAILED and failed:
        print(f"killed    {mutant.guard}: {failed[1]}", flush=True)
        return None
    return "no test fails" if code == PASSED else f"the tests do not run\n{output[-2000:]}"


def main(wanted: list[str]) -> int:
    """Return 0 if the tests pass with all guards, and one fails without each guard."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        copy_to(folder)
        chosen = mutants(wanted)
        tests = sorted({test for mutant in chosen for test in mutant.tests})
        code, output = run_tests(folder, tests)
        if code != PASSED:
            print(f"the tests fail with all guards in place\n{output[-4000:]}")
            return 1
        reasons = {mutant.guard: survives(mutant, folder) for mutant in chosen}
    survivors = {guard: reason for guard, reason in reasons.items() if reason}
    for guard, reason in survivors.items():
        print(f"SURVIVED  {guard}: {reason}")
    print(f"{len(chosen) - len(survivors)} of {len(chosen)} guards are missed when they are gone")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
