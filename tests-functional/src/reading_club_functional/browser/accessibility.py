"""What axe says of a page, and what a page tells to assistive technology.

The names and roles of every page are kept in a file each, which a person has read: without what
differs between two clubs, and with the first items of a list alone.
"""

import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped] # has no types
from playwright.async_api import Page

from reading_club_functional.browser.pages import SitePage

NAMES_AND_ROLES: Final = Path(str(files("reading_club_functional.browser"))) / "names_and_roles"
"""The folder with a file for each page."""
ITEMS: Final = 3
"""The number of items of a list, and of rows of a table, that are kept."""
OPTIONS: Final = {"rules": {"target-size": {"enabled": True}}}
"""Axe's rule of WCAG 2.2, which it does not apply unasked."""
UNCOVERED: Final = """() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`
        .books .title a::after { content: none !important; }
        .books .title, .books .author { display: block !important; }
    `);
    document.adoptedStyleSheets.push(sheet);
}"""
"""A function that uncovers texts whose contrast axe leaves undecided.

It takes the transparent layer away by which a whole card is the link of its book, and shows the
lines that a long title has beyond its third, which axe believes to lie above the next paragraph.
"""
_DIFFERS: Final = re.compile(
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|…[0-9a-f]{6}"
    r"|(?<=token=)\S+|just now|\d+ (second|minute)s? ago|\d+([.,:/ -]*\d+)*(?!\])"
)
"""Ids, times and numbers, but for those of a state such as ``[level=1]``."""
_ITEM: Final = re.compile(r"( *)- (listitem|row)\b")


def file_of(shown: SitePage, books: int) -> Path:
    """Return the file of a page's names and roles, in a club with this number of books."""
    return NAMES_AND_ROLES / f"{shown}-{books}.yml"


async def findings(page: Page) -> tuple[list[str], list[str]]:
    """Return the rules of axe that a page violates, and those that axe leaves undecided."""
    await page.evaluate(UNCOVERED)
    response = (await Axe().run(page, options=OPTIONS)).response
    return _described(response["violations"]), _described(response["incomplete"])


def _described(rules: list[dict[str, Any]]) -> list[str]:
    """Return the rules, each with its elements."""
    return [
        f"{rule['id']}: {rule['help']}: {[node['html'] for node in rule['nodes']]}"
        for rule in rules
    ]


async def names_and_roles(page: Page) -> str:
    """Return the tree that assistive technology has of a page, with ``#`` for what differs."""
    tree = await page.locator("body").aria_snapshot()
    kept = [line for line in tree.splitlines() if not line.lstrip().startswith("- /")]
    return _DIFFERS.sub("#", "\n".join(_with_first_items(kept))) + "\n"


def _with_first_items(lines: list[str]) -> Iterator[str]:
    """Yield the lines, without those of a list's items beyond the first."""
    counts: dict[int, int] = {}
    skipped: int | None = None
    for line in lines:
        depth = len(line) - len(line.lstrip())
        if skipped is not None and depth > skipped:
            continue
        skipped = None
        counts = {level: count for level, count in counts.items() if level <= depth}
        if not (item := _ITEM.match(line)):
            counts.pop(depth, None)
        else:
            counts[depth] = counts.get(depth, 0) + 1
            if counts[depth] > ITEMS:
                skipped = len(item[1])
                continue
        yield line
