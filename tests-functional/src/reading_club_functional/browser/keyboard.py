"""The focus of the keyboard on a page."""

from typing import Final

from playwright.async_api import Page

FOCUSED: Final = """() => {
    const focused = document.activeElement;
    return focused.labels?.[0]?.textContent ?? focused.textContent.trim();
}"""
"""A function that returns the label or text of the element with the focus."""


async def focused(page: Page) -> str:
    """Return the label or text of the element with the focus."""
    words: str = await page.evaluate(FOCUSED)
    return words


async def tab(page: Page, times: int) -> list[str]:
    """Press the tabulator this number of times; return the labels of what has had the focus."""
    names: list[str] = []
    for _ in range(times):
        await page.keyboard.press("Tab")
        names.append(await focused(page))
    return names
