"""The how-to pages: a read model in a copy of the packages, and a subscriber outside."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "how-to" / "add-a-read-model.md").read_text(encoding="utf-8")
FILE = re.compile(r"^`(packages/[\w./-]+\.py)`\n\n```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
DIFF = re.compile(r"^```diff\n(.*?)^```", re.MULTILINE | re.DOTALL)
DIFFED = re.compile(r"^`(packages/[\w./-]+\.py)`\n\n```diff", re.MULTILINE)
MOST_FILES = 7
DOMAIN, SQLA = "packages/reading-club-domain/tests", "packages/reading-club-adapters-sqla/tests"
TESTS = [
    f"{DOMAIN}/test_contracts.py::TestReadModels",
    f"{DOMAIN}/test_commuting.py::test_any_order_and_any_number_leave_the_same_tables",
    f"{SQLA}/test_sqlite.py::TestReadModels",
    f"{SQLA}/test_sqlite.py::TestMigrations::test_they_make_the_tables_of_the_metadata",
]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the packages, to which the page was applied."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "packages", tmp_path / "packages", ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for path, text in FILE.findall(PAGE):
        (tmp_path / path).write_text(text, encoding="utf-8")
    (changed,) = DIFFED.findall(PAGE)
    for diff in DIFF.findall(PAGE):
        _apply(tmp_path / changed, diff)
    return tmp_path


def _apply(path: Path, diff: str) -> None:
    """Insert the lines with ``+`` after the line before them."""
    before = "".join(line[1:] for line in diff.splitlines(keepends=True) if line[0] == " ")
    after = "".join(line[1:] for line in diff.splitlines(keepends=True))
    text = path.read_text(encoding="utf-8")
    assert text.count(before) == 1
    path.write_text(text.replace(before, after), encoding="utf-8")


def test_the_page_needs_seven_files() -> None:
    """The table at the head lists the files of the page; all are new but the unit of work."""
    listed = re.findall(r"^\| `([\w/]+\.py)` \|", PAGE, re.MULTILINE)
    files = [path for path, _ in FILE.findall(PAGE)] + DIFFED.findall(PAGE)

    assert sorted(listed) == sorted(path.split("/src/reading_club/")[1] for path in files)
    assert len(files) == MOST_FILES
    assert [path for path in files if (ROOT / path).exists()] == DIFFED.findall(PAGE)


def test_the_page_works(copy: Path) -> None:
    """The new read model keeps the contracts in memory and on SQLite, and its migration works."""
    sources = [str(folder) for folder in copy.glob("packages/*/src")]
    starts = f"import sys; sys.path[:0] = {sources!r}; import pytest; sys.exit(pytest.main())"
    run = [sys.executable, "-c", starts, "-q", *TESTS]
    done = subprocess.run(run, cwd=copy, capture_output=True, text=True, timeout=120, check=False)

    assert done.returncode == 0, done.stdout
    assert "passed" in done.stdout
