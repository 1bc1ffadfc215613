"""Whether a page fits the window."""

from typing import Final

from playwright.async_api import Page

TOO_WIDE: Final = """() => {
    const width = document.documentElement.clientWidth;
    const wide = [...document.querySelectorAll("body *")].filter(
        element => element.getBoundingClientRect().right > width + 1
    );
    const scrolls = document.documentElement.scrollWidth > width;
    return scrolls ? wide.map(element => element.outerHTML.slice(0, 80)) : [];
}"""
"""A function that returns the elements because of which a page scrolls sideways."""


async def too_wide(page: Page) -> list[str]:
    """Return the elements because of which the page scrolls sideways."""
    found: list[str] = await page.evaluate(TOO_WIDE)
    return found
