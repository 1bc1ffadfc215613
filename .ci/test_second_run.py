"""The second run of failed tests, on a small suite."""

import subprocess
import sys
from pathlib import Path

import pytest
from second_run import run_again

SUITE = """
from pathlib import Path

import pytest


@pytest.mark.parametrize("number", range({tests}))
def test_it(number):
    runs = Path(__file__).with_name(f"runs-{{number}}")
    runs.write_text(runs.read_text() + "." if runs.exists() else ".")
    assert len(runs.read_text()) >= {passes_at}


def test_another():
    pass
"""


@pytest.fixture(autouse=True)
def _fast_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the small suite load no plugins."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


def first_run(folder: Path, tests: int, passes_at: int) -> None:
    """Write a suite whose tests pass at a later run, and run it once."""
    (folder / "pytest.ini").touch()
    suite = SUITE.format(tests=tests, passes_at=passes_at)
    (folder / "test_suite.py").write_text(suite, encoding="utf-8")
    subprocess.run([sys.executable, "-m", "pytest", "-q"], cwd=folder, check=False)


def test_a_test_that_passes_at_the_second_run_is_named(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The check passes, and the output says which test was unsteady."""
    first_run(tmp_path, tests=1, passes_at=2)

    assert run_again(tmp_path, ["-q"]) == 0
    told = capfd.readouterr().out
    assert "UNSTEADY, passed at the second run:\n  test_suite.py::test_it[0]" in told


def test_a_test_that_fails_again_fails_the_check(tmp_path: Path) -> None:
    """There is no third run."""
    first_run(tmp_path, tests=1, passes_at=3)

    assert run_again(tmp_path, ["-q"]) == 1
    assert (tmp_path / "runs-0").read_text() == ".."


@pytest.mark.parametrize(("tests", "passes_at"), [(4, 2), (1, 1)], ids=["many", "none"])
def test_many_failures_or_none_get_no_second_run(
    tmp_path: Path, tests: int, passes_at: int
) -> None:
    """Four failures are no coincidence; a run that ended without one has another fault."""
    first_run(tmp_path, tests, passes_at)

    assert run_again(tmp_path, ["-q"]) == 1
    assert (tmp_path / "runs-0").read_text() == "."
