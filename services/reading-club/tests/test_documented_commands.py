"""The commands that README and docs show exist, with their options."""

import re
from pathlib import Path

import click
import pytest

from reading_club.app.cli import main

ROOT = Path(__file__).parents[3]
PAGES = [
    *(page for page in ROOT.glob("*.md") if page.name != "CHANGELOG.md"),
    ROOT / "services/reading-club/README.md",
    *ROOT.glob("docs/**/*.md"),
]
SHOWN = re.compile(r"^(?:READING_CLUB_\S+ )*(reading-club [^#\n]*)|`(reading-club [^`\n]*)`", re.M)


def commands() -> list[tuple[str, str]]:
    """Return each command that a page shows, with the name of the page."""
    found = []
    for page in PAGES:
        for block, inline in SHOWN.findall(page.read_text(encoding="utf-8")):
            found.append((page.name, (block or inline).strip()))
    return sorted(set(found))


def unknown_words(shown: str) -> list[str]:
    """Return the subcommands and options of a command that do not exist."""
    words = shown.removeprefix("reading-club").split()
    command: click.Command = main
    unknown = []
    while words and isinstance(command, click.Group):
        name = words.pop(0)
        if name not in command.commands:
            return [] if name.startswith(("-", "…")) else [name]
        command = command.commands[name]
    options = {name for parameter in command.params for name in parameter.opts}
    unknown += [w for w in words if w.startswith("--") and w.partition("=")[0] not in options]
    return unknown


@pytest.mark.parametrize(("page", "shown"), commands(), ids=str)
def test_a_command_that_is_shown_exists(page: str, shown: str) -> None:
    """Each word of it is a command, an option or an argument."""
    assert unknown_words(shown.replace("[", "").replace("]", "")) == [], page


def test_an_unknown_command_would_be_found() -> None:
    """A wrong command and a wrong option are told."""
    assert len(commands()) > 10
    assert unknown_words("reading-club members ad Olga") == ["ad"]
    assert unknown_words("reading-club members add Olga --boss") == ["--boss"]
