"""The README's example and commands, and the test names in the docs."""

import re
from pathlib import Path

import pytest

from reading_club.app.cli import main
from reading_club.app.cli.dead_letters import dead_letters
from reading_club.app.cli.members import members
from reading_club.app.cli.tokens import tokens
from reading_club.app.settings import Settings

ROOT = Path(__file__).parents[3]


def test_the_ten_lines_run(capsys: pytest.CaptureFixture[str]) -> None:
    """The example on the first screen prints what its comment says."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)

    exec(compile(example, "README.md", "exec"), {"__name__": "__main__"})  # ours

    assert capsys.readouterr().out == "book_registered_v1\n"


def test_the_pictures_exist() -> None:
    """Each picture has an alternative text, and is a PNG file below 150 kB; none is left over."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    pictures = re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", readme)

    assert sorted(ROOT / path for _, path in pictures) == sorted(ROOT.glob("docs/pictures/*"))
    for text, path in pictures:
        content = (ROOT / path).read_bytes()
        assert len(text.split()) > 5
        assert content.startswith(b"\x89PNG")
        assert len(content) < 150_000


def test_the_services_readme_lists_every_command() -> None:
    """Each command of ``reading-club`` and each of its subcommands is in the table."""
    readme = (ROOT / "services" / "reading-club" / "README.md").read_text(encoding="utf-8")
    table = [line.split("|")[1] for line in readme.splitlines() if line.startswith("| `")]

    listed = {name for row in table for name in re.findall(r"`reading-club ([a-z-]+)", row)}
    assert listed == set(main.commands)
    for group in (dead_letters, members, tokens):
        (row,) = [row for row in table if f"`reading-club {group.name} " in row]
        assert set(re.findall(r"[a-z]+", row)) >= set(group.commands)


def test_the_settings_are_those_of_the_class() -> None:
    """Each setting is in the README's table, and each one in the table is a setting."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    names = [line.split("|")[1] for line in readme.splitlines() if line.startswith("| `READING_")]
    listed = [name for row in names for name in re.findall(r"`READING_CLUB_(\w+)`", row)]

    assert sorted(listed) == sorted(field.upper() for field in Settings.model_fields)


@pytest.mark.parametrize(
    ("page", "least"),
    [
        ("guarantees.md", 45),
        ("sharp-edges.md", 15),
        ("eventstream.md", 30),
        ("reconciler.md", 8),
        ("accessibility.md", 12),
    ],
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
