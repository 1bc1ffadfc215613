"""Writes pictures of every page to var/screenshots, for a person to look at."""

import asyncio
import shutil
import sys
from itertools import product
from pathlib import Path
from typing import Final

from playwright.async_api import Browser

from reading_club_functional.browser.chromium import missing_chromium, open_chromium
from reading_club_functional.browser.pages import pages_with
from reading_club_functional.browser.site import Scheme, Site, View, filled_site

FOLDER: Final = Path("var/screenshots")
BOOKS: Final = (0, 3, 60)
WIDTHS: Final = (390, 768, 1280)
SCHEMES: Final[tuple[Scheme, ...]] = ("light", "dark")


async def picture(browser: Browser, site: Site, view: View, books: int) -> None:
    """Write a picture of each page of a club with this number of books."""
    for shown in pages_with(books):
        async with site.opened(browser, view, shown.role) as page:
            await site.show(page, shown)
            name = f"{shown}-{books}-{view.width}-{view.scheme}.png"
            await page.screenshot(path=FOLDER / name, full_page=True)


async def picture_all() -> None:
    """Write the pictures of clubs with few and with many books, for each width and scheme."""
    async with open_chromium() as browser:
        for books in BOOKS:
            with filled_site(books) as site:
                for width, scheme in product(WIDTHS, SCHEMES):
                    await picture(browser, site, View(width, scheme), books)


if __name__ == "__main__":
    if missing := missing_chromium():
        sys.exit(missing)
    shutil.rmtree(FOLDER, ignore_errors=True)
    asyncio.run(picture_all())
    print(f"{len(list(FOLDER.iterdir()))} pictures in {FOLDER}")
