"""Pages that follow the activity: what one browser registers appears in another one."""

import asyncio
from collections import Counter
from typing import Final

import pytest
from playwright.async_api import Page, expect

from reading_club.testing.builders import an_isbn
from reading_club_functional.browser.actions import add_book, review
from reading_club_functional.browser.fixtures import SiteWith
from reading_club_functional.browser.site import Site, View, Visit
from reading_club_functional.cluster import Browser as Client

pytestmark = pytest.mark.asyncio(loop_scope="session")

FAR_AHEAD: Final = 'data: {"payload": {}}\nid: 1000000\n\n'
"""An event that is far from what the page shows."""
ENTRIES: Final = "main .activity > li"
SHOW: Final = """{{
    Object.defineProperty(document, "hidden", {{value: {}, configurable: true}});
    document.dispatchEvent(new Event("visibilitychange"));
}}"""
"""Lets the page believe that its tab is hidden, or visible again."""


async def add_books(site: Site, number: int) -> list[str]:
    """Add books without a browser, and return the paths of their pages."""

    def add() -> str:
        with Client(base_url=site.url, timeout=10) as client:
            answer = client.add_book(title="Book", author="Anon", isbn=an_isbn().canonical)
            return f"/books/{answer.raise_for_status().json()['id']}"

    return [await asyncio.to_thread(add) for _ in range(number)]


async def books_on(page: Page) -> list[str]:
    """Return the paths of the books that joined the shelf, as the page shows them."""
    links = page.locator(f"{ENTRIES} a")
    return [str(await link.get_attribute("href")) for link in await links.all()]


async def expect_each_once(page: Page, books: list[str]) -> None:
    """Wait for the books; the page shows each of them once, and as it does after a reload."""
    for book in books:
        await expect(page.locator(f'{ENTRIES} a[href="{book}"]')).to_have_count(1)
    shown = await page.locator(ENTRIES).evaluate_all("items => items.map(item => item.id)")
    assert max(Counter(shown).values()) == 1
    assert (await books_on(page))[: len(books)] == books[::-1]


async def test_what_one_browser_registers_appears_in_another(site: Site, visit: Visit) -> None:
    """The activity shows it, and the shelf says that there is a new book, without a reload."""
    activity, shelf, writer = [await visit(site, View(width)) for width in (390, 1280, 768)]
    await activity.goto("/activity")
    await expect(activity.get_by_text("Nothing has happened yet.")).to_be_visible()
    first = await add_books(site, 1)
    await expect_each_once(activity, first)
    await shelf.goto("/")
    await writer.goto("/books/new")

    await add_book(writer, "Seen at once", "Anon")

    newest = activity.locator(ENTRIES).first
    await expect(newest).to_contain_text("Seen at once by Anon joined the shelf.")
    await expect(activity.locator("[aria-live]")).to_have_text("1 new entry")
    await expect(shelf.locator(f"aside {ENTRIES.removeprefix('main ')}").first).to_contain_text(
        "Seen at once"
    )
    assert not await shelf.locator(".books").get_by_text("Seen at once").count()
    await shelf.get_by_role("link", name="show 1 new").click()
    await expect(shelf.locator(".books li").first).to_contain_text("Seen at once")


@pytest.mark.parametrize("seconds", [0, pytest.param(60, marks=pytest.mark.nightly)])
async def test_what_happens_while_the_connection_is_cut_appears(
    site: Site, visit: Visit, seconds: int
) -> None:
    """When the browser is online again: nothing is missed, or shown twice."""
    page = await visit(site)
    await page.goto("/activity")
    books = await add_books(site, 1)
    await expect_each_once(page, books)

    await page.context.set_offline(True)
    books += await add_books(site, 2)
    await asyncio.sleep(seconds)
    books += await add_books(site, 2)
    assert (await books_on(page))[0] == books[0]
    await page.context.set_offline(False)

    await expect_each_once(page, books)


async def test_ratings_follow(site_with: SiteWith, visit: Visit) -> None:
    """A review by one member appears in the ratings that others look at, without a reload."""
    site = site_with(3)
    path = f"/books/{site.content.book}"
    shelf, book, writer = await visit(site), await visit(site), await visit(site, role="member")
    await shelf.goto("/")
    await book.goto(path)
    await expect(book.get_by_text("This book has no rating yet.")).to_be_visible()
    await writer.goto(path)

    await review(writer, 9, "Seen at once")

    await expect(book.get_by_role("region", name="Ratings")).to_contain_text("9.0 of 10")
    of_book = shelf.locator(f'.books li:has(a[href="{path}"])')
    await expect(of_book).to_contain_text("9.0 · 1 review")


@pytest.mark.parametrize(
    ("path", "words"),
    [("/activity", "Much has happened: show the newest"), ("/", "show the newest")],
)
async def test_a_page_that_is_far_behind_is_loaded_again(
    site_with: SiteWith, visit: Visit, path: str, words: str
) -> None:
    """Neither the list nor the requests grow without end: a link shows the newest, on a phone."""
    page = await visit(site_with(3))
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    await page.route(
        "**/api/activity/stream*",
        lambda route: route.fulfill(content_type="text/event-stream", body=FAR_AHEAD),
    )
    await page.goto(path)

    link = page.get_by_role("link", name=words, exact=True)
    await expect(link).to_be_visible()
    assert not [url for url in requests if "/activity/arrivals" in url]
    await page.unroute("**/api/activity/stream*")
    await link.click()

    await expect(link).to_have_count(0)


@pytest.mark.nightly
async def test_a_hidden_tab_has_no_stream(site: Site, visit: Visit) -> None:
    """It is closed, and opened again from the last entry when the tab is visible."""
    page = await visit(site)
    streams: list[str] = []
    page.on("request", lambda request: streams.append(request.url))
    await page.goto("/activity")
    books = await add_books(site, 1)
    await expect_each_once(page, books)
    shown = await page.locator(ENTRIES).count()
    streams.clear()

    await page.evaluate(SHOW.format("true"))
    books += await add_books(site, 2)
    assert await page.locator(ENTRIES).count() == shown
    await page.evaluate(SHOW.format("false"))

    await expect_each_once(page, books)
    assert "/api/activity/stream?after=" in streams[0]


@pytest.mark.nightly
async def test_nothing_moves_under_the_pointer(site: Site, visit: Visit) -> None:
    """New entries wait until the pointer leaves the list."""
    page = await visit(site)
    await page.goto("/activity")
    newest = page.locator(ENTRIES).first
    before = await newest.inner_text()
    await newest.hover()

    async with page.expect_response(lambda answer: "/activity/arrivals" in answer.url):
        books = await add_books(site, 1)
    assert await newest.inner_text() == before
    await page.mouse.move(0, 0)

    await expect_each_once(page, books)
