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


FOCUS: Final = """() => {
    const focused = document.activeElement;
    if (!focused || focused === document.body) return null;
    const ring = [null, "::after"].some(part => {
        const style = getComputedStyle(focused, part);
        return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
    });
    const {left, right, top, bottom} = focused.getBoundingClientRect();
    const points = [[left + 1, top + 1], [right - 1, top + 1], [left + 1, bottom - 1],
        [right - 1, bottom - 1], [(left + right) / 2, (top + bottom) / 2]];
    const seen = points.some(([x, y]) => {
        const top = document.elementFromPoint(x, y);
        return top && (focused.contains(top) || top.contains(focused) && top !== document.body);
    });
    const place = [...document.querySelectorAll("*")].indexOf(focused);
    return {place, ring, seen, html: focused.outerHTML.slice(0, 90)};
}"""
"""A function that returns the place of the element with the focus, and whether it is seen."""
MOST: Final = 300
"""The greatest number of elements of a page that can have the focus."""


async def focus_problems(page: Page) -> list[str]:
    """Go through a page by the tabulator; return what has no ring, is covered or out of order.

    The way ends where the focus leaves the page, or comes to an element again. Raises
    AssertionError if nothing on the page takes the focus.
    """
    problems: list[str] = []
    places: list[int] = []
    for _ in range(MOST):
        await page.keyboard.press("Tab")
        focus = await page.evaluate(FOCUS)
        if focus is None or focus["place"] in places:
            break
        is_next = not places or focus["place"] > places[-1]
        places.append(focus["place"])
        asked = {"no ring": focus["ring"], "covered": focus["seen"], "out of order": is_next}
        problems += [f"{name}: {focus['html']}" for name, is_well in asked.items() if not is_well]
    assert places
    return problems
