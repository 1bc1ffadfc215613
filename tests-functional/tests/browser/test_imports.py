"""Books come in by a file, with and without JavaScript."""

from collections.abc import Callable

import pytest
from playwright.async_api import Page, expect

from reading_club_functional.browser.actions import expect_error
from reading_club_functional.browser.site import Site, View, Visit
from reading_club_functional.imports import library
from reading_club_functional.nightly import WITHOUT_SCRIPT_AT_NIGHT

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    WITHOUT_SCRIPT_AT_NIGHT,
]

WITHIN = 60_000
"""Milliseconds until all rows are handled."""


@pytest.fixture
def site(site_with: Callable[[int], Site]) -> Site:
    """A club with members and three books."""
    return site_with(3)


async def choose(page: Page, name: str, content: bytes) -> None:
    """Choose a file in the form, and send it."""
    file = {"name": name, "mimeType": "text/csv", "buffer": content}
    await page.get_by_label("The file").set_input_files(file)  # type: ignore[arg-type] # its type wants a TypedDict
    async with page.expect_navigation():
        await page.get_by_role("button", name="Import").click()


async def test_a_member_brings_books_along(site: Site, visit: Visit, *, javascript: bool) -> None:
    """The page goes on by itself until all rows are handled, and offers the rejected ones."""
    page = await visit(site, View(javascript=javascript), "member")
    first = 1_000_000 * (1 + javascript)  # the books of one test are new in the other one

    await page.goto("/account")
    await page.get_by_role("link", name="Import books").click()
    await choose(page, "library.csv", "".join(library(300, first=first)).encode())
    await expect(page.get_by_role("heading", level=1)).to_have_text("Import from Goodreads")
    await expect(page.get_by_text("300 rows: finished.")).to_be_visible(timeout=WITHIN)

    await expect(page.get_by_role("listitem").filter(has_text="270 added")).to_be_visible()
    await expect(page.get_by_role("listitem").filter(has_text="30 rejected")).to_be_visible()
    async with page.expect_download() as download:
        await page.get_by_role("link", name="Rejected rows (CSV)").click()
    rejected = await (await download.value).path()
    assert len(rejected.read_text(encoding="utf-8").splitlines()) == 31
    await page.goto(f"/?q=Book, {first + 1}")
    await expect(page.get_by_role("link", name=f"Book, {first + 1}").first).to_be_visible()


async def test_a_file_that_is_none_is_told_at_its_field(
    site: Site, visit: Visit, *, javascript: bool
) -> None:
    """The page stays, and another file can be chosen."""
    page = await visit(site, View(javascript=javascript), "member")

    await page.goto("/imports")
    await choose(page, "library.zip", b"PK\x03\x04")

    await expect_error(page, "This is a ZIP archive")
    await expect(page.get_by_label("The file")).to_be_visible()
