"""Adding a book: its errors, its success, and the same by keyboard alone."""

import pytest
from playwright.async_api import expect

from reading_club.testing.builders import an_isbn
from reading_club_functional.browser.books import LONG
from reading_club_functional.browser.keyboard import tab
from reading_club_functional.browser.site import Site, View, Visit
from reading_club_functional.nightly import WITHOUT_SCRIPT_AT_NIGHT

pytestmark = pytest.mark.asyncio(loop_scope="session")


@WITHOUT_SCRIPT_AT_NIGHT
async def test_a_mistake_keeps_what_was_typed(
    site: Site, visit: Visit, *, javascript: bool
) -> None:
    """The title of the page says that there is an error; its summary has the focus and links."""
    page = await visit(site, View(javascript=javascript))

    await page.goto("/books/new")
    await page.get_by_label("Title").fill("Middlemarch")
    await page.get_by_label("ISBN").fill("0-321-12521-6")
    await page.get_by_role("button", name="Add to the shelf").click()

    await expect(page).to_have_title("Error: Add a book · Reading club")
    await expect(page.get_by_role("alert")).to_be_focused()
    await expect(page.get_by_label("Title")).to_have_value("Middlemarch")
    await expect(page.get_by_label("Title")).not_to_have_attribute("aria-invalid", "true")
    isbn = page.get_by_label("ISBN")
    await expect(isbn).to_have_value("0-321-12521-6")
    await expect(isbn).to_have_accessible_description(
        "The check digit of the ISBN is wrong. "
        "On the back of the book: 10 or 13 digits. Empty if it has none"
    )
    author = page.get_by_label("Author")
    await expect(author).to_have_attribute("aria-invalid", "true")
    await (
        page.get_by_role("alert").get_by_role("link", name="The author must not be empty.").click()
    )
    await expect(author).to_be_focused()


@WITHOUT_SCRIPT_AT_NIGHT
async def test_a_book_that_is_added_is_shown(site: Site, visit: Visit, *, javascript: bool) -> None:
    """A notice on its page says that the book is on the shelf; a second one leads to the first."""
    page = await visit(site, View(javascript=javascript))
    isbn = an_isbn().canonical

    for _ in range(2):
        await page.goto("/books/new")
        await page.get_by_label("Title").fill(LONG)
        await page.get_by_label("Author").fill("עמוס עוז")
        await page.get_by_label("ISBN").fill(isbn)
        await page.get_by_role("button", name="Add to the shelf").click()
        await expect(page.get_by_role("status").or_(page.get_by_role("alert"))).to_be_visible()
    await page.get_by_role("link", name=f"Look at {LONG}").click()

    await expect(page.get_by_role("heading", level=1)).to_have_text(LONG)
    await page.get_by_role("link", name="Shelf", exact=True).click()
    await expect(page.locator(".books").get_by_text(isbn[-4:-1])).to_have_count(1)


async def test_a_book_is_added_by_keyboard_alone(site: Site, visit: Visit) -> None:
    """The focus goes from the skip link to the masthead, the fields and the button, in order."""
    page = await visit(site, View(width=1280))
    masthead = ["Skip to the content", "Reading club", "Shelf", "Activity", "Log in"]

    await page.goto("/books/new")
    assert await tab(page, 6) == [*masthead, "Title"]
    await page.keyboard.type("Emma")
    assert await tab(page, 1) == ["Author"]
    await page.keyboard.type("Jane Austen")
    assert await tab(page, 1) == ["ISBN"]
    await page.keyboard.type("12")
    assert await tab(page, 2) == ["Add to the shelf", "Back to the shelf"]
    await page.keyboard.press("Shift+Tab")
    await page.keyboard.press("Enter")

    await expect(page.get_by_role("alert")).to_be_focused()
    assert await tab(page, 1) == ["That is not an ISBN of 10 or 13 digits."]
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("ISBN")).to_be_focused()
    await page.keyboard.press("Control+A")
    await page.keyboard.type(an_isbn().canonical)
    await page.keyboard.press("Enter")

    await expect(page.get_by_role("status")).to_have_text("The book is on the shelf now.")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Emma")


async def test_the_skip_link_skips_the_masthead(site: Site, visit: Visit) -> None:
    """After the skip link, the next element with the focus is in the main part of the page."""
    page = await visit(site)

    await page.goto("/books/new")
    assert await tab(page, 1) == ["Skip to the content"]
    await page.keyboard.press("Enter")

    assert await tab(page, 1) == ["Title"]
