"""The pages of the stream: a group of dead letters is sent again, a subscriber is paused."""

from collections.abc import Callable

import pytest
from playwright.async_api import Page, expect

from reading_club_functional.browser.actions import (
    expect_error,
    expect_notice,
    press,
    reload_until_shown,
)
from reading_club_functional.browser.site import Site, View, Visit

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture
def site(site_with: Callable[[int], Site]) -> Site:
    """A club with dead letters of four kinds."""
    return site_with(8)


async def _open_group(organiser: Page, error: str) -> None:
    """Open the page of the group with this class of error."""
    await organiser.goto("/")
    await organiser.get_by_role("link", name="Stream", exact=True).click()
    await organiser.get_by_role("link", name="Dead letters", exact=True).click()
    await organiser.get_by_role("link", name=error, exact=True).click()
    await expect(organiser.get_by_role("heading", level=1)).to_have_text(error)


async def test_a_group_of_dead_letters_is_sent_again(site: Site, visit: Visit) -> None:
    """Its subscriber handles the events, whose lives tell of it all; the other groups stay."""
    organiser = await visit(site, View(), "organiser")
    await _open_group(organiser, "TimeoutError")
    life = await organiser.get_by_role("listitem").get_by_role("link").first.get_attribute("href")
    assert life is not None

    await press(organiser, "Send 2 events again")
    await expect_notice(organiser, "2 events are sent again.")
    await expect(organiser.get_by_role("link", name="TimeoutError")).to_have_count(0)
    await expect(organiser.get_by_role("link", name="KeyError")).to_have_count(1)

    await organiser.goto(life)
    await reload_until_shown(organiser, "Handled by catalogue")
    steps = await organiser.get_by_role("heading", level=3).all_text_contents()
    assert steps.index("Committed") < steps.index("Catalogue failed")
    assert "Dead letter of catalogue sent again" in steps


async def test_a_group_is_discarded_by_two_steps(site: Site, visit: Visit) -> None:
    """Without the box nothing is discarded; the box can be ticked by the error's link."""
    organiser = await visit(site, View(), "organiser")
    await _open_group(organiser, "KeyError")

    await press(organiser, "Discard 1 event")
    await expect_error(organiser, "Nothing was discarded.")
    await organiser.get_by_role("alert").get_by_role("link").click()
    await expect(organiser.get_by_label("Catalogue never gets them")).to_be_focused()
    await organiser.keyboard.press("Space")
    await press(organiser, "Discard 1 event")
    await expect_notice(organiser, "1 event is given up for good.")


async def test_a_subscriber_is_paused(site: Site, visit: Visit) -> None:
    """The button turns into the one that resumes; who watches sees it without a click."""
    organiser, watcher = [await visit(site, View(), "organiser") for _ in range(2)]
    await watcher.goto("/stream?watch=yes")
    await organiser.goto("/stream")

    await press(organiser, "Pause activity")
    await expect(organiser.get_by_role("status")).to_contain_text("activity is paused.")
    await expect(watcher.get_by_text("Paused: activity.")).to_be_visible(timeout=30_000)
    await press(organiser, "Resume activity")
    await expect(organiser.get_by_role("status")).to_contain_text("activity goes on.")
    await expect(organiser.get_by_text("Paused: activity.")).to_have_count(0)


async def test_events_are_found_by_their_type(site: Site, visit: Visit) -> None:
    """The form keeps what was chosen, and an id that does not fit is told at its field."""
    organiser = await visit(site, View(), "organiser")
    await organiser.goto("/stream/events")

    await organiser.get_by_text("Choose by type, time or id").click()
    await organiser.get_by_label("Type").select_option("book_registered_v1")
    await press(organiser, "Show")
    await expect(organiser.get_by_label("Type")).to_have_value("book_registered_v1")
    await expect(organiser.get_by_role("link", name="book_registered_v1")).to_have_count(8)
    await organiser.get_by_label("Id").fill("123")
    await press(organiser, "Show")
    await expect_error(organiser, "That is not an id")
