"""Every page: what axe says of it, on the narrowest phone, and with large text."""

from collections.abc import Callable
from typing import Final

import pytest
from playwright.async_api import Page

from reading_club_functional.browser.accessibility import violations
from reading_club_functional.browser.pages import SitePage, pages_with
from reading_club_functional.browser.site import Scheme, Site, View, Visit

pytestmark = pytest.mark.asyncio(loop_scope="session")

NARROWEST: Final = 320
SCHEMES: Final[tuple[Scheme, ...]] = ("light", "dark")
TOO_WIDE: Final = """() => {
    const width = document.documentElement.clientWidth;
    const wide = [...document.querySelectorAll("body *")].filter(
        element => element.getBoundingClientRect().right > width + 1
    );
    const scrolls = document.documentElement.scrollWidth > width;
    return scrolls ? wide.map(element => element.outerHTML.slice(0, 80)) : [];
}"""
"""A function that returns the elements because of which a page scrolls sideways."""
BELOW_FOOTER: Final = """() => {
    const footer = document.querySelector("body > footer").getBoundingClientRect().bottom;
    return document.documentElement.scrollHeight - Math.max(footer, innerHeight);
}"""
"""A function that returns how many pixels a page goes on below its footer."""


async def too_wide(page: Page) -> list[str]:
    """Return the elements because of which the page scrolls sideways."""
    found: list[str] = await page.evaluate(TOO_WIDE)
    return found


each_page = pytest.mark.parametrize(
    ("books", "shown"), [(n, page) for n in (0, 60) for page in pages_with(n)], ids=str
)


@each_page
async def test_axe_finds_nothing(
    site_with: Callable[[int], Site], visit: Visit, books: int, shown: SitePage
) -> None:
    """No page violates a rule of axe, light or dark."""
    site = site_with(books)
    page = await visit(site, View(), shown.role)
    await site.show(page, shown)

    for scheme in SCHEMES:
        await page.emulate_media(color_scheme=scheme)
        assert await violations(page) == [], scheme


@each_page
async def test_nothing_scrolls_sideways(
    site_with: Callable[[int], Site], visit: Visit, books: int, shown: SitePage
) -> None:
    """At 320 pixels, and at 390 with large text, pages fit; they end with their footer."""
    site = site_with(books)
    page = await visit(site, View(NARROWEST), shown.role)
    await site.show(page, shown)

    assert await too_wide(page) == []
    await page.evaluate("scrollTo(0, 0)")
    assert await page.evaluate(BELOW_FOOTER) < 1

    await page.set_viewport_size({"width": 390, "height": 844})
    await page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert await too_wide(page) == []
