"""The README's example and commands, and the test names in the docs."""

import re
from pathlib import Path

import pytest

from reading_club.app.cli import main
from reading_club.app.cli.dead_letters import dead_letters

ROOT = Path(__file__).parents[3]


def test_the_ten_lines_run(capsys: pytest.CaptureFixture[str]) -> None:
    """The example on the first screen prints what its comment says."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)

    exec(compile(example, "README.md", "exec"), {"__name__": "__main__"})  # ours

    assert capsys.readouterr().out == "book_registered_v1\n"


def test_the_commands_exist() -> None:
    """Every make target that the README names is in the Makefile."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"`?make ([a-z-]+)", readme))

    assert {"run", "test"} <= targets
    assert all(f"\n{target}:" in makefile for target in targets - {"makes"})


def test_the_services_readme_lists_every_command() -> None:
    """Each command of ``reading-club`` and each of its subcommands is in the table."""
    readme = (ROOT / "services" / "reading-club" / "README.md").read_text(encoding="utf-8")
    table = [line.split("|")[1] for line in readme.splitlines() if line.startswith("| `")]
    (row_of_dead_letters,) = [row for row in table if "dead-letters" in row]

    listed = {name for row in table for name in re.findall(r"`reading-club ([a-z-]+)", row)}
    assert listed == set(main.commands)
    assert set(re.findall(r"[a-z]+", row_of_dead_letters)) >= set(dead_letters.commands)


@pytest.mark.parametrize(
    ("page", "least"), [("sharp-edges.md", 15), ("eventstream.md", 30), ("reconciler.md", 8)]
)
def test_every_test_that_a_page_names_exists(page: str, least: int) -> None:
    """Every test name on these pages exists."""
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "docs" / page).read_text(encoding="utf-8")))
    sources = [
        path.read_text(encoding="utf-8")
        for folder in ("packages", "services", "tests-functional")
        for path in (ROOT / folder).rglob("*.py")
    ]

    assert len(named) > least
    assert {n for n in named if not any(f"def {n}(" in text for text in sources)} == set()
