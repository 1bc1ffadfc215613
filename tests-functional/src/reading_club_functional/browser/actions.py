"""What people do on the pages of a club, in the words of its labels and buttons."""

import asyncio
import re
from collections.abc import Mapping
from typing import Final

from playwright.async_api import Locator, Page, expect

from reading_club.testing.builders import an_isbn
from reading_club_functional.browser.content import PASSWORD, SHOWN_WITHIN

_ERROR: Final = re.compile("^Error: ")


async def fill(page: Page, fields: Mapping[str, str]) -> None:
    """Type into fields, each by its label."""
    for label, text in fields.items():
        await page.get_by_label(label, exact=True).fill(text)


async def press(page: Page, button: str) -> None:
    """Press the button with this name."""
    await page.get_by_role("button", name=button, exact=True).click()


async def send(page: Page, button: str, fields: Mapping[str, str]) -> None:
    """Type into the fields of a form, and press its button."""
    await fill(page, fields)
    await press(page, button)


async def sign_up(page: Page, button: str, nickname: str, password: str = PASSWORD) -> None:
    """Choose a nickname and a password on the page that is shown."""
    await send(page, button, {"Nickname": nickname, "Password": password})


async def log_in(page: Page, nickname: str, password: str = PASSWORD) -> None:
    """Log in, and wait for the masthead to show the nickname."""
    await page.goto("/login")
    await sign_up(page, "Log in", nickname, password)
    await expect(page.get_by_role("banner").get_by_role("link", name=nickname)).to_be_visible()


async def add_book(page: Page, title: str, author: str) -> None:
    """Fill the form of a new book and send it."""
    book = {"Title": title, "Author": author, "ISBN": an_isbn().canonical}
    await send(page, "Add to the shelf", book)
    await expect_notice(page, "The book is on the shelf now.")


async def review(page: Page, rating: int, comment: str, button: str = "Send my review") -> None:
    """Choose a rating, type a comment and send the form."""
    await page.get_by_role("radio", name=f"{rating} of 10", exact=True).check()
    await send(page, button, {"My comment": comment})


def comments(page: Page, words: str) -> Locator:
    """Return the comments with these words, outside of forms."""
    return page.get_by_role("paragraph").filter(has_text=words)


def my_comment(page: Page, words: str) -> Locator:
    """Return the comment of the reader's own review, if it has these words."""
    mine = page.get_by_role("region", name="My review")
    return mine.get_by_role("paragraph").filter(has_text=words)


async def open_details(page: Page, summary: str) -> None:
    """Open the part of the page below this summary."""
    await page.locator("summary", has_text=summary).click()


async def expect_notice(page: Page, words: str) -> None:
    """Wait until the page says this after success."""
    await expect(page.get_by_role("status")).to_have_text(words)


async def expect_error(page: Page, words: str) -> Locator:
    """Wait until the summary of the errors has the focus and these words; return it."""
    summary = page.get_by_role("alert")
    await expect(summary).to_be_focused()
    await expect(summary).to_contain_text(words)
    await expect(page).to_have_title(_ERROR)
    return summary


async def reload_until_shown(page: Page, words: str) -> None:
    """Load the page again until it shows the words, which a projection writes a moment later."""
    async with asyncio.timeout(SHOWN_WITHIN):
        while not await page.get_by_text(words, exact=True).count():
            await page.reload()
