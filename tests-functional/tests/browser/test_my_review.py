"""Writing, revising and withdrawing a review, with and without JavaScript."""

from collections.abc import Callable

import pytest
from playwright.async_api import Page, expect

from reading_club_functional.browser.actions import (
    expect_error,
    expect_notice,
    log_in,
    my_comment,
    open_details,
    press,
    review,
)
from reading_club_functional.browser.keyboard import focused, tab
from reading_club_functional.browser.pages import Role
from reading_club_functional.browser.site import Site, View, Visit
from reading_club_functional.nightly import WITHOUT_SCRIPT_AT_NIGHT

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    WITHOUT_SCRIPT_AT_NIGHT,
]


@pytest.fixture
def site(site_with: Callable[[int], Site]) -> Site:
    """A club with members and three books."""
    return site_with(3)


async def _opened(
    site: Site, visit: Visit, book: str, role: Role = "member", *, javascript: bool
) -> Page:
    """Open the page of a book in a new profile."""
    page = await visit(site, View(javascript=javascript), role)
    await page.goto(book)
    return page


async def test_a_review_is_written_revised_and_withdrawn(
    site: Site, visit: Visit, *, javascript: bool
) -> None:
    """Without a rating the comment stays; what is withdrawn can be written again."""
    page = await _opened(site, visit, site.add_book(), javascript=javascript)

    await page.get_by_label("My comment").fill("A goat, an island")
    await press(page, "Send my review")
    await expect_error(page, "Choose a rating from 0 to 10.")
    await expect(page.get_by_label("My comment")).to_have_value("A goat, an island")
    await page.get_by_role("radio", name="7 of 10").check()
    await press(page, "Send my review")
    await expect_notice(page, "Your review is stored. Thank you.")

    await open_details(page, "Revise")
    await expect(page.get_by_role("radio", name="7 of 10")).to_be_checked()
    await review(page, 8, "Two goats", "Store my review")
    await expect_notice(page, "Your review is changed.")
    await expect(my_comment(page, "Two goats")).to_be_visible()

    await open_details(page, "Withdraw")
    await press(page, "Withdraw my review")
    await expect_notice(page, "Your review is withdrawn.")
    await expect(my_comment(page, "Two goats")).to_have_count(0)
    await review(page, 5, "One goat")
    await expect_notice(page, "Your review is stored. Thank you.")
    await expect(my_comment(page, "One goat")).to_be_visible()


async def test_a_review_that_was_changed_elsewhere_is_shown(
    site: Site, visit: Visit, *, javascript: bool
) -> None:
    """The second of two browsers is told, and sends what was typed again to replace it."""
    book = site.add_book()
    first = await _opened(site, visit, book, javascript=javascript)
    second = await _opened(site, visit, book, javascript=javascript)

    await review(first, 6, "From the first")
    await expect_notice(first, "Your review is stored. Thank you.")
    await review(second, 2, "From the second")

    await expect_error(second, "Your review was changed meanwhile")
    await expect(my_comment(second, "From the first")).to_be_visible()
    await expect(second.get_by_role("radio", name="2 of 10")).to_be_checked()
    await press(second, "Store my review")
    await expect_notice(second, "Your review is changed.")
    await expect(my_comment(second, "From the second")).to_be_visible()


async def test_a_review_outlives_the_session(site: Site, visit: Visit, *, javascript: bool) -> None:
    """After the end of the session the form keeps the review, which is sent after a log-in."""
    book = site.add_book()
    page = await _opened(site, visit, book, javascript=javascript)

    await page.context.clear_cookies()
    await review(page, 4, "Shipwrecked")
    await expect_error(page, "Your session has ended, and your review is not stored.")
    await log_in(await page.context.new_page(), "Mo")
    await press(page, "Send my review")

    await expect_notice(page, "Your review is stored. Thank you.")
    await expect(my_comment(page, "Shipwrecked")).to_be_visible()


async def test_an_organiser_withdraws_a_review(
    site: Site, visit: Visit, *, javascript: bool
) -> None:
    """It is gone from the book's page, and a notice says that it is on record."""
    book = site.add_book()
    writer = await _opened(site, visit, book, javascript=javascript)
    await review(writer, 0, "Rude words")
    await expect_notice(writer, "Your review is stored. Thank you.")

    organiser = await _opened(site, visit, book, "organiser", javascript=javascript)
    await open_details(organiser, "Withdraw the review of Mo")
    await press(organiser, "Withdraw this review")

    await expect_notice(organiser, "The review is withdrawn, and it is on record that you did it.")
    await expect(organiser.get_by_text("Rude words")).to_have_count(0)


async def test_a_review_is_written_by_keyboard_alone(
    site: Site, visit: Visit, *, javascript: bool
) -> None:
    """The ratings are one stop of the tabulator, before the comment."""
    page = await _opened(site, visit, site.add_book(), javascript=javascript)
    masthead = ["Skip to the content", "Reading club", "Shelf", "Activity", "Members", "Mo"]

    assert await tab(page, 8) == [*masthead, "Follow this book", "0 of 10"]
    assert await tab(page, 3) == ["My comment", "Send my review", "Back to the shelf"]
    await page.keyboard.press("Shift+Tab")
    await page.keyboard.press("Enter")
    await expect_error(page, "Your review is not stored.")
    assert await tab(page, 1) == ["Choose a rating from 0 to 10."]
    await page.keyboard.press("Enter")
    assert await focused(page) == "0 of 10"
    await _choose_by_arrows(page)
    assert await tab(page, 1) == ["My comment"]
    await page.keyboard.type("Good walks")
    assert await tab(page, 1) == ["Send my review"]
    await page.keyboard.press("Enter")

    await expect_notice(page, "Your review is stored. Thank you.")
    await expect(my_comment(page, "Good walks")).to_be_visible()
    await expect(page.get_by_role("region", name="My review")).to_contain_text("7 of 10")


async def _choose_by_arrows(page: Page) -> None:
    """Go from 0 of 10 around to 10, back to 0, and to 7 of 10, each of which is chosen."""
    keys = ["ArrowLeft", "ArrowUp", "ArrowRight", *["ArrowDown"] * 8]
    for key, rating in zip(keys, [10, 9, 10, *range(8)], strict=True):
        await page.keyboard.press(key)
        assert await focused(page) == f"{rating} of 10"
        await expect(page.get_by_role("radio", name=f"{rating} of 10", exact=True)).to_be_checked()
