"""Takes the pictures of the README anew, into docs/pictures.

A picture above 150 kB is to be reduced to a palette, as by pngquant.
"""

import asyncio
import sys
from pathlib import Path
from typing import Final, NamedTuple

from playwright.async_api import Browser

from reading_club_functional.browser.chromium import missing_chromium, open_chromium
from reading_club_functional.browser.pages import Role
from reading_club_functional.browser.site import Site, View, filled_site

FOLDER: Final = Path("docs/pictures")
BOOKS: Final = 60


class Picture(NamedTuple):
    """A file, its page and the height of the part that is seen.

    ``link`` leads to the page from the path; ``radio`` is chosen on it.
    """

    name: str
    path: str
    view: View
    height: int = 844
    role: Role = "member"
    link: str = ""
    radio: str = ""


PICTURES: Final = (
    Picture("shelf", "/", View(1280), 600),
    Picture("book", "/", View(1024, "dark"), link="Ficciones"),
    Picture("review", "/books/{book}#mine", View(), 600, radio="8 of 10"),
    Picture("members", "/members", View(), role="organiser"),
)


async def take(browser: Browser, site: Site, picture: Picture) -> None:
    """Take one picture, of the upper part of the page."""
    async with site.opened(browser, picture.view, picture.role) as page:
        await page.goto(picture.path.format(book=site.content.book))
        if picture.link:
            await page.get_by_role("link", name=picture.link).first.click()
        if picture.radio:
            await page.get_by_role("radio", name=picture.radio).check()
        await page.set_viewport_size({"width": picture.view.width, "height": picture.height})
        await page.screenshot(path=FOLDER / f"{picture.name}.png")


async def take_all() -> None:
    """Take every picture of one club."""
    async with open_chromium() as browser:
        with filled_site(BOOKS) as site:
            for picture in PICTURES:
                await take(browser, site, picture)


if __name__ == "__main__":
    if missing := missing_chromium():
        sys.exit(missing)
    asyncio.run(take_all())
