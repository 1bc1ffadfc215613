"""The pages whose examples are files, and those that quote figures."""

import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1]
UNNEEDED = ("valkey", "hypothesispytest", "schemathesis", "xdist")
"""Plugins of the workspace that a reader has not, and that take seconds to load."""


def test_the_files_of_a_page_pass_their_tests(files: Mapping[str, str], tmp_path: Path) -> None:
    """The files that a page shows are all that is needed to run its tests."""
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    plugins = ["-pno:cacheprovider", *(f"-pno:{name}" for name in UNNEEDED)]
    command = [sys.executable, "-m", "pytest", "-q", *plugins]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_the_files_of_other_pages_have_a_test_elsewhere(page_without_tests: str) -> None:
    """A test of the packages or the service names the page, whose files it tries."""
    name = Path(page_without_tests).name
    tests = [*DOCS.parent.glob("packages/*/tests/*.py"), *DOCS.parent.glob("services/*/tests/*.py")]

    assert any(name in test.read_text(encoding="utf-8") for test in tests)


@pytest.mark.parametrize(
    ("page", "begins"),
    [("why.md", "## What it costs not to lose it"), ("comparison.md", "Draining an outbox")],
)
def test_figures_are_those_that_were_measured(page: str, begins: str) -> None:
    """A figure with a decimal point on these pages is on the page about performance."""
    _, quoting = (DOCS / page).read_text(encoding="utf-8").split(begins)
    measured = (DOCS / "performance.md").read_text(encoding="utf-8")

    figures = re.findall(r"(?<![\d.])\d+\.\d+", quoting)
    assert figures
    assert [figure for figure in figures if f" {figure} " not in measured] == []
