"""A club in German: from the link of the console to the end of the session, on a narrow phone."""

import re
from collections.abc import Callable
from typing import Final

import pytest
from playwright.async_api import Page, expect

from reading_club_functional.browser.actions import expect_notice, press, reload_until_shown, send
from reading_club_functional.browser.content import PASSWORD
from reading_club_functional.browser.layout import too_wide
from reading_club_functional.browser.pages import SitePage, pages_with
from reading_club_functional.browser.site import Site, View, Visit

pytestmark = pytest.mark.asyncio(loop_scope="session")

PHONE: Final = View(320, locale="de-DE")
BOOK: Final = {"Titel": "Momo", "Verfasst von": "Michael Ende"}


async def _open_the_club(page: Page, link: str) -> None:
    """Become the organiser by the link of the console."""
    await page.goto(link)
    await expect(page.locator("html")).to_have_attribute("lang", "de")
    await send(page, "Lesekreis eröffnen", {"Spitzname": "Olga", "Passwort": PASSWORD})
    await expect_notice(
        page, "Der Lesekreis gehört jetzt dir. Lade auf der Seite „Mitglieder“ andere ein."
    )
    await expect(page.get_by_role("heading", level=1)).to_have_text("Das Regal")


async def _add_a_book(page: Page) -> None:
    """Add a book, with a wrong ISBN first: the error takes the focus, and leads to its field."""
    await page.get_by_role("link", name="Das erste Buch eintragen").click()
    await send(page, "Ins Regal stellen", {**BOOK, "ISBN": "0-321-12521-6"})

    await expect(page).to_have_title("Fehler: Buch eintragen · Reading club")
    summary = page.get_by_role("alert")
    await expect(summary).to_be_focused()
    await summary.get_by_role("link", name="Die Prüfziffer der ISBN ist falsch.").click()
    await expect(page.get_by_label("ISBN")).to_be_focused()
    assert await too_wide(page) == []

    await send(page, "Ins Regal stellen", {"ISBN": "0-321-12521-5"})
    await expect_notice(page, "Das Buch steht jetzt im Regal.")


async def _review_it(page: Page) -> None:
    """Write a review, whose rating has a decimal comma on the page of the book."""
    await page.get_by_role("radio", name="7 von 10", exact=True).check()
    await send(page, "Meine Rezension senden", {"Mein Kommentar": "Zeit ist Leben."})
    await expect_notice(page, "Deine Rezension ist gespeichert. Danke.")
    await reload_until_shown(page, "7,0 von 10 aus 1 Rezension")


async def test_a_club_in_german(site: Site, visit: Visit) -> None:
    """Sign-up, shelf, a book, a review and log-out; what arrives meanwhile is German as well."""
    (link,) = re.findall(r"Become its organiser: (\S+)", site.console)
    page, activity, english = [
        await visit(site, view) for view in (PHONE, PHONE, View(javascript=False))
    ]
    await activity.goto("/activity")
    await expect(activity.get_by_text("Noch ist nichts geschehen.")).to_be_visible()

    await _open_the_club(page, link)
    await _add_a_book(page)
    await _review_it(page)

    arrived = activity.locator("main ol.activity li")
    await expect(arrived.first).to_contain_text("Momo wurde mit 7 von 10 bewertet.", timeout=30_000)
    await expect(activity.locator("[aria-live]")).to_have_text(re.compile("neue"))
    await english.goto("/activity")
    await expect(english.locator("main")).to_contain_text("Momo was rated 7 of 10.")

    await page.get_by_role("link", name="Olga").click()
    await press(page, "Abmelden")
    await expect_notice(page, "Du bist abgemeldet.")


@pytest.mark.nightly
@pytest.mark.parametrize("shown", [p for p in pages_with(60) if not p.press], ids=str)
async def test_a_german_page_fits_a_narrow_phone(
    site_with: Callable[[int], Site], visit: Visit, shown: SitePage
) -> None:
    """Its words are longer: nothing scrolls sideways with 320 pixels."""
    site = site_with(60)
    page = await visit(site, PHONE, shown.role)
    await site.show(page, shown)

    assert await too_wide(page) == []
