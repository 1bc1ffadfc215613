"""Log-in and the page of the account, with and without JavaScript."""

from collections.abc import Callable

import pytest
from playwright.async_api import expect

from reading_club_functional.browser.actions import (
    comments,
    expect_error,
    expect_notice,
    log_in,
    press,
    review,
    send,
    sign_up,
)
from reading_club_functional.browser.content import PASSWORD
from reading_club_functional.browser.site import Site, View, Visit
from reading_club_functional.cluster import Browser as Client
from reading_club_functional.nightly import WITHOUT_SCRIPT_AT_NIGHT

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    WITHOUT_SCRIPT_AT_NIGHT,
]

OTHER = "another horse"


@pytest.fixture
def site(site_with: Callable[[int], Site]) -> Site:
    """A club with members and three books."""
    return site_with(3)


async def test_a_visitor_logs_in_to_add_a_book(
    site: Site, visit: Visit, *, javascript: bool
) -> None:
    """A page for members asks for the log-in, keeps the nickname after a mistake, and follows."""
    page = await visit(site, View(javascript=javascript))

    await page.goto("/books/new")
    await expect(page).to_have_title("Log in · Reading club")
    await sign_up(page, "Log in", "Mo", "wrong horse")
    await expect_error(page, "You are not logged in.")
    await expect(page.get_by_label("Nickname")).to_have_value("Mo")
    await sign_up(page, "Log in", "Mo")

    await expect(page.get_by_role("heading", level=1)).to_have_text("Add a book")


async def test_a_log_out_ends_the_session(site: Site, visit: Visit, *, javascript: bool) -> None:
    """A notice says so, and the account asks for the log-in."""
    page = await visit(site, View(javascript=javascript))
    await log_in(page, "Mo")

    await page.goto("/account")
    await press(page, "Log out")
    await expect_notice(page, "You are logged out.")

    await page.goto("/account")
    await expect(page).to_have_title("Log in · Reading club")


async def test_another_session_is_ended(site: Site, visit: Visit, *, javascript: bool) -> None:
    """The other browser is logged out, by its button or by a change of password."""
    nickname, view = site.add_member(), View(javascript=javascript)
    page, other = await visit(site, view), await visit(site, view)
    await log_in(page, nickname)

    await log_in(other, nickname)
    await page.goto("/account")
    await page.get_by_text("Log out there").click()
    await expect_notice(page, "The session has ended.")
    await other.goto("/account")
    await expect(other).to_have_title("Log in · Reading club")

    await log_in(other, nickname)
    changes = {"Present password": "wrong horse", "New password": OTHER}
    await send(page, "Change the password", changes)
    await expect_error(page, "Nothing was changed.")
    await send(page, "Change the password", {**changes, "Present password": PASSWORD})
    await expect_notice(page, "The password is changed. Your other sessions have ended.")
    await other.goto("/account")
    await expect(other).to_have_title("Log in · Reading club")
    await log_in(other, nickname, OTHER)


async def test_a_token_is_made_and_revoked(site: Site, visit: Visit, *, javascript: bool) -> None:
    """The token that the page shows once is a member's, until it is revoked."""
    page = await visit(site, View(javascript=javascript), "member")
    name = f"Book lists {javascript}"

    await page.goto("/account")
    await press(page, "Make a token")
    await expect_error(page, "Nothing was changed.")
    await send(page, "Make a token", {"What the token is for": name})
    token = await page.get_by_role("status").locator("p > code").last.inner_text()
    with Client(base_url=site.url, headers={"Authorization": f"Bearer {token}"}) as program:
        assert program.get("/api/me").json()["nickname"] == "Mo"
        await press(page, f"Revoke {name}")
        await expect_notice(page, "The token is revoked.")
        assert program.get("/api/me").status_code == 401


async def test_a_member_leaves_and_takes_the_words_along(
    site: Site, visit: Visit, *, javascript: bool
) -> None:
    """A wrong password keeps the box ticked; then the review and the account are gone."""
    nickname, comment = site.add_member(), f"Mine alone {javascript}"
    page = await visit(site, View(javascript=javascript))
    await log_in(page, nickname)
    await page.goto(f"/books/{site.content.book}")
    await review(page, 3, comment)
    await expect(comments(page, comment)).to_be_visible()

    await page.goto("/account")
    await page.get_by_label("Erase what I wrote, and my nickname").check()
    leave = page.locator("#leave_password")
    await leave.fill("wrong horse")
    await press(page, "Leave the club")
    await expect_error(page, "Nothing was changed.")
    await expect(page.get_by_label("Erase what I wrote, and my nickname")).to_be_checked()
    await leave.fill(PASSWORD)
    await press(page, "Leave the club")
    await expect_notice(page, "You have left the club.")

    await page.goto(f"/books/{site.content.book}")
    await expect(comments(page, comment)).to_have_count(0)
    await page.goto("/login")
    await sign_up(page, "Log in", nickname)
    await expect_error(page, "You are not logged in.")
