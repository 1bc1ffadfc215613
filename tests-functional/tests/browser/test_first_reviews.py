"""From the console of a new club to two reviews of a book, with and without JavaScript."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from reading_club_functional.browser.actions import (
    add_book,
    comments,
    expect_error,
    expect_notice,
    press,
    reload_until_shown,
    review,
    sign_up,
)
from reading_club_functional.browser.fixtures import ClubWith
from reading_club_functional.browser.site import Site, View, Visit, running_site
from reading_club_functional.nightly import WITHOUT_SCRIPT_AT_NIGHT

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture
def new_club(club_with: ClubWith, tmp_path: Path) -> Iterator[Site]:
    """A club that has no organiser, and that ends after its pages are closed."""
    with running_site(club_with(0), tmp_path) as site:
        yield site


async def _open_the_club(page: Page, link: str) -> None:
    """Become the organiser by the link; a password that is too short keeps the nickname."""
    await page.goto(link)
    await sign_up(page, "Open the club", "Olga", "short")
    await expect_error(page, "at least 8 characters")
    await expect(page.get_by_label("Nickname")).to_have_value("Olga")
    await sign_up(page, "Open the club", "Olga")
    await expect_notice(page, "The club is yours now. Invite its members on the page “Members”.")


async def _write_the_first_review(page: Page) -> None:
    """Add the first book, and review it."""
    await page.get_by_role("link", name="Add the first book").click()
    await add_book(page, "Emma", "Jane Austen")
    await review(page, 9, "The matchmaking!")
    await expect_notice(page, "Your review is stored. Thank you.")
    await reload_until_shown(page, "9.0 of 10 from 1 review")


async def _invite(page: Page) -> str:
    """Make an invitation, and return the link that the page shows."""
    await page.get_by_role("link", name="Members", exact=True).click()
    await press(page, "Make a link")
    return await page.get_by_label("Link of the invitation").input_value()


async def _join_and_review(page: Page, link: str) -> None:
    """Become a member by the link, and review the book on the shelf."""
    await page.goto(link)
    await sign_up(page, "Join", "Mo")
    await expect_notice(page, "Welcome to the club.")
    await page.get_by_role("main").get_by_role("link", name="Emma").first.click()
    await expect(comments(page, "The matchmaking!")).to_be_visible()
    await review(page, 6, "Too many balls.")
    await expect(comments(page, "Too many balls.")).to_be_visible()


@WITHOUT_SCRIPT_AT_NIGHT
async def test_strangers_start_a_club_and_review_a_book(
    new_club: Site, visit: Visit, *, javascript: bool
) -> None:
    """The console leads to a first review; a second one by invitation changes the ratings."""
    (link,) = re.findall(r"Become its organiser: (\S+)", new_club.console)
    first, second = [await visit(new_club, View(javascript=javascript)) for _ in range(2)]

    await _open_the_club(first, link)
    await _write_the_first_review(first)
    book = first.url
    await _join_and_review(second, await _invite(first))

    await first.goto(book)
    for page in (first, second):
        await reload_until_shown(page, "7.5 of 10 from 2 reviews")
        for comment in ("The matchmaking!", "Too many balls."):
            await expect(comments(page, comment)).to_be_visible()
    await second.goto(link)
    await expect(second.get_by_role("main")).to_contain_text("has an organiser already")
