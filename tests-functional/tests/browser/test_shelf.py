"""The shelf, a book, the activity and what is not there, with and without JavaScript."""

from collections.abc import Callable

import pytest
from playwright.async_api import expect

from reading_club_functional.browser.books import HARD, LONG, some_books
from reading_club_functional.browser.site import Site, View, Visit
from reading_club_functional.nightly import WITHOUT_SCRIPT_AT_NIGHT

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    WITHOUT_SCRIPT_AT_NIGHT,
]


async def test_an_empty_shelf_says_what_to_do(
    site: Site, visit: Visit, *, javascript: bool
) -> None:
    """The shelf and the activity of a new club have a sentence, and a link to add a book."""
    page = await visit(site, View(javascript=javascript))

    await page.goto("/")
    await expect(page.get_by_role("main")).to_contain_text("The shelf is empty.")
    await page.get_by_role("link", name="Activity").click()
    await expect(page.get_by_role("main")).to_contain_text("Nothing has happened yet.")
    await page.get_by_role("link", name="Add a book").click()
    await expect(page).to_have_url(f"{site.url}/books/new")


async def test_all_books_can_be_reached(
    site_with: Callable[[int], Site], visit: Visit, *, javascript: bool
) -> None:
    """Older books are a link away, and from the last of them the newest."""
    page = await visit(site_with(60), View(javascript=javascript))
    titles = page.get_by_role("main").get_by_role("heading", level=2).filter(has=page.locator("a"))
    seen: list[str] = []

    await page.goto("/")
    await expect(page.get_by_text("60 books, the newest first")).to_be_visible()
    for books in (25, 25, 10):
        await expect(page.locator(".books > li")).to_have_count(books)
        seen += await titles.filter(visible=True).all_inner_texts()
        older = page.get_by_role("link", name="Older books")
        if await older.count():
            await older.click()
    await page.get_by_role("link", name="Newest books").click()

    assert seen[::-1] == [book.title for book in some_books(60)]
    await expect(page).to_have_url(f"{site_with(60).url}/")


async def test_a_search_finds_a_book_in_another_script(
    site_with: Callable[[int], Site], visit: Visit, *, javascript: bool
) -> None:
    """The words of a Hebrew title lead to its book; words of no book say so."""
    (title, author) = HARD[1]
    page = await visit(site_with(60), View(javascript=javascript))
    search = page.get_by_role("searchbox", name="Search title, author or ISBN")

    await page.goto("/")
    await search.fill("אהבה")
    await search.press("Enter")
    await page.get_by_role("link", name=title).click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(title)
    await expect(page.locator(".facts .author")).to_have_text(author)

    await page.goto("/?q=nothing+has+this+name")
    await expect(page.get_by_role("main")).to_contain_text("No book matches")
    await page.get_by_role("link", name="Show all books").click()
    await expect(page).to_have_url(f"{site_with(60).url}/")


async def test_books_are_listed_in_other_orders(
    site_with: Callable[[int], Site], visit: Visit, *, javascript: bool
) -> None:
    """Each order is a link, which pages and searches keep; the best books have a fair rank."""
    site = site_with(60)
    page = await visit(site, View(javascript=javascript))
    titles = page.locator(".books .title")
    orders = page.get_by_role("navigation", name="Order of the books")

    await page.goto("/")
    await orders.get_by_role("link", name="Title").click()
    await expect(titles.first).to_have_text("Architecture Patterns with Python")
    seen = await titles.all_inner_texts()
    await page.get_by_role("link", name="More books").click()
    await expect(page.locator(".books > li")).to_have_count(25)
    seen += await titles.all_inner_texts()
    assert [title for title in seen if title.isascii()] == sorted(filter(str.isascii, seen))

    search = page.get_by_role("searchbox", name="Search title, author or ISBN")
    await search.fill("toni belov")
    await search.press("Enter")
    await expect(orders.locator("[aria-current]")).to_have_text("Title")
    assert {*await titles.all_inner_texts()} == {"Beloved"}

    await page.get_by_role("link", name="Show all books").click()
    await expect(orders.locator("[aria-current]")).to_have_text("Title")
    await orders.get_by_role("link", name="Best rated").click()
    await expect(page.locator(".found")).to_contain_text("of 5 imagined 5s")
    rated = await page.locator(".books .rating").all_inner_texts()
    assert rated[:4] == ["9.5 · 2 reviews", "7.2 · 4 reviews", "7.0 · 4 reviews", "9.0 · 1 review"]


async def test_the_activity_leads_to_a_book(
    site_with: Callable[[int], Site], visit: Visit, *, javascript: bool
) -> None:
    """The newest entry has a link to the book that was added last."""
    site = site_with(60)
    page = await visit(site, View(javascript=javascript))

    await page.goto("/activity")
    await page.get_by_role("link", name=LONG).click()

    await expect(page).to_have_url(f"{site.url}/books/{site.content.book}")
    await expect(page.get_by_role("main")).to_contain_text("There is no review of this book yet.")


@pytest.mark.parametrize(
    ("path", "heading"),
    [
        ("/nowhere", "There is no such page"),
        ("/books/00000000-0000-0000-0000-000000000000", "This book is not on the shelf"),
    ],
)
async def test_a_page_that_is_not_there_leads_back(
    site: Site, visit: Visit, path: str, heading: str, *, javascript: bool
) -> None:
    """404 says what is not there, and has a link to the shelf."""
    page = await visit(site, View(javascript=javascript))

    answer = await page.goto(path)

    assert answer is not None
    assert answer.status == 404
    await expect(page.get_by_role("heading", level=1)).to_have_text(heading)
    await page.get_by_role("link", name="Back to the shelf").click()
    await expect(page).to_have_url(f"{site.url}/")
