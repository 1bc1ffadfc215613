"""Members and invitations, with and without JavaScript."""

from collections.abc import Callable

import pytest
from playwright.async_api import Page, expect

from reading_club_functional.browser.actions import (
    expect_error,
    expect_notice,
    log_in,
    press,
    send,
    sign_up,
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


async def _open_member(organiser: Page, nickname: str) -> None:
    """Open the page on which an organiser changes a member."""
    await organiser.goto("/members")
    await organiser.get_by_role("link", name=f"Change {nickname}").click()
    await expect(organiser.get_by_role("heading", level=1)).to_have_text(nickname)


async def test_a_request_to_join_is_approved(site: Site, visit: Visit, *, javascript: bool) -> None:
    """The organiser allows requests, lets the sender in, changes the role, and removes."""
    view = View(javascript=javascript)
    organiser, visitor = await visit(site, view, "organiser"), await visit(site, view)
    nickname = f"Ask {javascript}"

    for may_ask, page in ((False, "Join the club"), (True, "Ask to join")):
        await organiser.goto("/members")
        await organiser.get_by_label("Anybody may ask to join").set_checked(may_ask)
        await press(organiser, "Save the settings")
        await expect_notice(organiser, "The settings are stored.")
        await visitor.goto("/join")
        await expect(visitor.get_by_role("heading", level=1)).to_have_text(page)
    await sign_up(visitor, "Ask to join", nickname, "short")
    await expect_error(visitor, "at least 8 characters")
    await sign_up(visitor, "Ask to join", nickname)
    await expect(visitor.get_by_role("heading", level=1)).to_have_text("You have asked to join")

    await organiser.goto("/members")
    await press(organiser, f"Let {nickname} in")
    await expect_notice(organiser, "The club has a new member.")
    await log_in(visitor, nickname)

    await _open_member(organiser, nickname)
    await press(organiser, "Make an organiser")
    await expect_notice(organiser, "The role is changed.")
    await press(organiser, "Remove")
    await expect_notice(organiser, "The member is removed. The reviews stay.")
    await expect(organiser.get_by_role("heading", name=nickname)).to_have_count(0)


async def test_a_revoked_invitation_lets_nobody_in(
    site: Site, visit: Visit, *, javascript: bool
) -> None:
    """The form that is open already is refused, and keeps the nickname."""
    view = View(javascript=javascript)
    organiser, visitor = await visit(site, view, "organiser"), await visit(site, view)

    await organiser.goto("/members")
    await send(organiser, "Make a link", {"Days": "0", "Uses": "2"})
    await expect_error(organiser, "No link was made.")
    await expect(organiser.get_by_label("Uses")).to_have_value("2")
    await send(organiser, "Make a link", {"Days": "3"})
    link = await organiser.get_by_label("Link of the invitation").input_value()
    await visitor.goto(link)
    await press(organiser, "Revoke")
    await expect_notice(organiser, "The invitation is revoked: nobody comes in by it any more.")

    await sign_up(visitor, "Join", "Late")
    await expect_error(visitor, "The link has expired, was used or revoked, or is incomplete.")
    await expect(visitor.get_by_label("Nickname")).to_have_value("Late")


async def test_a_forgotten_password_is_replaced_by_a_link(
    site: Site, visit: Visit, *, javascript: bool
) -> None:
    """The organiser's link sets a new password once, with which the member logs in."""
    view = View(javascript=javascript)
    organiser, member = await visit(site, view, "organiser"), await visit(site, view)

    await _open_member(organiser, "Ines")
    await press(organiser, "Make a link")
    link = await organiser.get_by_label("Link for a new password").input_value()
    await member.goto(link)
    await send(member, "Set the password", {"New password": "another horse"})
    await expect_notice(member, "Your password is changed, and you are logged in.")

    await member.goto(link)
    await expect(member.get_by_role("main")).to_contain_text("was used or revoked")
    await log_in(await visit(site, view), "Ines", "another horse")


async def test_the_last_organiser_stays(site: Site, visit: Visit, *, javascript: bool) -> None:
    """The only organiser becomes no member, and does not leave."""
    organiser = await visit(site, View(javascript=javascript), "organiser")

    for button in ("Make a member", "Leave the club"):
        await _open_member(organiser, "Olga")
        await press(organiser, button)
        await expect_error(organiser, "This is the last organiser")
