"""Following a book and the club, with and without JavaScript."""

from collections.abc import Callable

import pytest
from playwright.async_api import expect

from reading_club_functional.browser.actions import (
    expect_error,
    expect_notice,
    log_in,
    press,
    send,
)
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


async def test_a_member_follows_a_book(site: Site, visit: Visit, *, javascript: bool) -> None:
    """By a button on its page; the account leads back to it, where another button ends it."""
    book, nickname = site.add_book(), site.add_member()
    page = await visit(site, View(javascript=javascript))
    await log_in(page, nickname)
    await page.goto(book)
    title = await page.get_by_role("heading", level=1).inner_text()

    await press(page, "Follow this book")
    await expect_notice(page, "You follow this book now: new reviews of it are news for you.")
    await page.goto("/account")
    followed = page.get_by_role("region", name="What I follow")
    await followed.get_by_role("link", name=title).click()
    await press(page, "Stop following this book")

    await expect_notice(page, "You do not follow this book any more.")
    await page.goto("/account")
    await expect(followed.get_by_role("link")).to_have_count(0)


async def test_a_member_follows_the_club_by_a_feed(
    site: Site, visit: Visit, *, javascript: bool
) -> None:
    """The link is shown once, and a feed reader gets it without a log-in."""
    nickname = site.add_member()
    page = await visit(site, View(javascript=javascript))
    await log_in(page, nickname)
    await page.goto("/account")
    await press(page, "Follow the club")
    await expect_notice(page, "You follow the club now.")

    await press(page, "Make a link")
    link = await page.get_by_label("The link of your feed").input_value()
    reader = await visit(site, View(javascript=javascript))
    answer = await reader.request.get(link)
    await page.goto("/account")
    await press(page, "End the feed")

    assert answer.ok
    assert answer.headers["content-type"] == "application/atom+xml"
    await expect_notice(page, "Your feed has ended.")
    assert (await reader.request.get(link)).status == 403


async def test_a_member_enters_an_address(site: Site, visit: Visit, *, javascript: bool) -> None:
    """After a mistake the text stays; the address waits for its link, and can be deleted."""
    nickname = site.add_member()
    page = await visit(site, View(javascript=javascript))
    await log_in(page, nickname)
    await page.goto("/account")

    await send(page, "Send me a link", {"Address for mail": "ann@example"})
    await expect_error(page, "Nothing was changed.")
    await expect(page.get_by_label("Address for mail")).to_have_value("ann@example")
    await send(page, "Send me a link", {"Address for mail": "ann@example.org"})
    region = page.get_by_role("region", name="Mail")
    await expect(region).to_contain_text("ann@example.org is not confirmed yet")

    await press(page, "End the mail, and delete the address")
    await expect(region).not_to_contain_text("ann@example.org")
