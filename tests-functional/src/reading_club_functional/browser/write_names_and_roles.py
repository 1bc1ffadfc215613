"""Writes the names and roles of every page anew, for a person to read the difference."""

import asyncio
import shutil
import sys
from typing import Final

from playwright.async_api import Browser

from reading_club_functional.browser.accessibility import NAMES_AND_ROLES, file_of, names_and_roles
from reading_club_functional.browser.chromium import missing_chromium, open_chromium
from reading_club_functional.browser.pages import pages_with
from reading_club_functional.browser.site import Site, View, filled_site

BOOKS: Final = (0, 60)
WIDTH: Final = 320


async def write(browser: Browser, site: Site, books: int) -> None:
    """Write a file for each page of a club with this number of books."""
    for shown in pages_with(books):
        async with site.opened(browser, View(WIDTH), shown.role) as page:
            await site.show(page, shown)
            file_of(shown, books).write_text(await names_and_roles(page), encoding="utf-8")


async def write_all() -> None:
    """Write the files of a club without books, and of one with many."""
    async with open_chromium() as browser:
        for books in BOOKS:
            with filled_site(books) as site:
                await write(browser, site, books)


if __name__ == "__main__":
    if missing := missing_chromium():
        sys.exit(missing)
    shutil.rmtree(NAMES_AND_ROLES, ignore_errors=True)
    NAMES_AND_ROLES.mkdir()
    asyncio.run(write_all())
    print(f"{len(list(NAMES_AND_ROLES.iterdir()))} pages in {NAMES_AND_ROLES}")
