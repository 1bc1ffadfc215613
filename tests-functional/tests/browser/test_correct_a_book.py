"""An organiser corrects a book and withdraws it, also without scripts."""

from collections.abc import Callable

import pytest
from playwright.async_api import expect

from reading_club_functional.browser.site import Site, View, Visit
from reading_club_functional.nightly import WITHOUT_SCRIPT_AT_NIGHT

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture
def site(site_with: Callable[[int], Site]) -> Site:
    """A club with members and three books."""
    return site_with(3)


@WITHOUT_SCRIPT_AT_NIGHT
async def test_a_book_is_corrected_and_withdrawn(
    site: Site, visit: Visit, *, javascript: bool
) -> None:
    """Its page leads to the form; a mistake keeps what was typed; the shelf tells of the end."""
    page = await visit(site, View(javascript=javascript), "organiser")

    await page.goto("/books/new")
    await page.get_by_label("Title").fill("Beowolf")
    await page.get_by_label("Author").fill("unknown")
    await page.get_by_role("button", name="Add to the shelf").click()
    await page.get_by_role("link", name="Correct this book").click()
    await page.get_by_label("Title").fill("Beowulf")
    await page.get_by_label("ISBN").fill("12")
    await page.get_by_role("button", name="Store the book").click()
    await expect(page.get_by_role("alert")).to_be_focused()
    await expect(page.get_by_label("Title")).to_have_value("Beowulf")
    await page.get_by_label("ISBN").fill("")
    await page.get_by_role("button", name="Store the book").click()

    await expect(page.get_by_role("status").first).to_have_text("The book is corrected.")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Beowulf")
    withdraw = page.get_by_role("button", name="Withdraw the book and its reviews")
    await expect(withdraw).to_be_hidden()
    await page.get_by_text("Withdraw this book", exact=True).click()
    await withdraw.click()
    await expect(page.get_by_text("The book is withdrawn, and it is on record")).to_be_visible()
    await expect(page.locator(".books").get_by_text("Beowulf")).to_have_count(0)
