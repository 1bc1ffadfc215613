"""The commands that a page of the documentation shows."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

HOW_TO: Final = Path(__file__).parents[3] / "docs" / "how-to"
SECTION: Final = r"^## {}\n(.*?)(?=^## |\Z)"
BLOCK: Final = re.compile(r"^```sh\n(.*?)^```", re.M | re.S)


def lines_below(page: str, heading: str) -> list[str]:
    """Return the lines of the shell blocks in a section of a how-to page, in order."""
    text = (HOW_TO / page).read_text(encoding="utf-8")
    (section,) = re.findall(SECTION.format(heading), text, re.M | re.S)
    blocks: list[str] = BLOCK.findall(section)
    return "".join(blocks).splitlines()


def commands_below(page: str, heading: str) -> Iterator[list[str]]:
    """Yield the words of each command of the club in these blocks.

    The command's own name is left out, and a setting is the first word.
    """
    for line in lines_below(page, heading):
        setting, _, arguments = line.rpartition("reading-club ")
        yield [*setting.split(), *arguments.split()]
