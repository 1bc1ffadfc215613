"""The list of guards that mutation tests remove."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[3]
MUTANTS = tomllib.loads((ROOT / ".ci" / "mutants.toml").read_text(encoding="utf-8"))


def test_every_guard_is_found_once() -> None:
    """The text of each entry occurs exactly once in its file."""
    occurrences = {
        guard: (ROOT / entry["file"]).read_text(encoding="utf-8").count(entry["old"])
        for guard, entry in MUTANTS.items()
    }

    assert len(occurrences) > 100
    assert {guard: number for guard, number in occurrences.items() if number != 1} == {}


def test_every_guard_has_tests_that_exist() -> None:
    """Each entry names at least one test file."""
    missing = [
        guard
        for guard, entry in MUTANTS.items()
        if not entry["tests"]
        or not all((ROOT / test.split("::")[0]).is_file() for test in entry["tests"])
    ]

    assert missing == []
