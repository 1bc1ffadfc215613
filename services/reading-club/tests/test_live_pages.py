"""What the pages that follow the activity give to their script, and which pages have one."""

import re
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from reading_club.app.application import Application
from reading_club.app.testing.activity import books
from reading_club.app.testing.person import Person, script_policy
from reading_club.app.web.static_files import static_url

Register = Callable[..., None]
BOOK = {"title": "Domain-Driven Design", "author": "Eric Evans", "isbn": "0-321-12521-5"}
SCRIPT = f'<script src="{static_url("live.js")}" defer></script>'


@pytest.fixture
def register(client: TestClient, application: Application) -> Register:
    """Let books be registered."""

    def register(*titles: str) -> None:
        assert client.portal is not None
        client.portal.call(books, application.unit_of_work, *titles)

    return register


@pytest.mark.parametrize("path", ["/", "/activity"])
def test_a_page_says_from_where_to_follow(
    client: TestClient, register: Register, path: str
) -> None:
    """Its script goes on after the last entry that the page may have."""
    assert re.search(r'<p class="blank" data-after="0"', client.get(path).text)

    register("One", "Two")

    page = client.get(path).text
    assert re.search(r'<ol class="activity" data-after="2"', page)
    assert page.count(SCRIPT) == 1
    assert script_policy(client.get(path)) == "'self'"


def test_ratings_are_followed(client: TestClient) -> None:
    """Those of each book on the shelf, also of a book without one, and those of a book's page."""
    book = client.post("/api/books", json=BOOK).json()["id"]

    place = f'data-rating-of="{book}"'
    assert place in client.get("/").text
    page = client.get(f"/books/{book}").text
    assert f'{place} data-after="0"' in page
    assert page.count(SCRIPT) == 1
    assert script_policy(client.get(f"/books/{book}")) == "'self'"


def test_a_form_that_is_shown_again_has_no_script(member: Person) -> None:
    """A page with what was typed stays as it is."""
    book = member.post("/api/books", json=BOOK).json()["id"]

    page = member.post(f"/books/{book}/review", data={"rating": "x"})

    assert page.status_code == 422
    assert "<script" not in page.text
    assert "data-after" not in page.text


def test_older_activity_is_not_followed(client: TestClient, register: Register) -> None:
    """What is new does not belong there."""
    register("One", "Two")
    entry = client.get("/api/activity").json()["items"][0]["id"]

    page = client.get("/activity", params={"cursor": entry}).text

    assert "One" in page
    assert "data-after" not in page
    assert "<script" not in page
    assert script_policy(client.get(f"/activity?cursor={entry}")) == "'none'"


@pytest.mark.parametrize("path", ["/books/new", "/login", "/privacy", "/nowhere"])
def test_other_pages_have_no_script(client: TestClient, path: str) -> None:
    """And browsers run none there, should an attacker find a way to write one into a page."""
    answer = client.get(path, headers={"Accept": "text/html"})

    assert "<script" not in answer.text
    assert script_policy(client.get(path)) == "'none'"


def test_what_has_arrived_is_said_as_on_the_page(client: TestClient, register: Register) -> None:
    """Items of the list with their positions, the last one first; none after the last."""
    register("One")
    register("Two", "<i>Three</i>")

    items = client.get("/activity/arrivals", params={"after": 1}).text

    assert re.findall(r'data-position="(\d)" data-type="(\w+)"', items) == [
        ("3", "book_registered_v1"),
        ("2", "book_registered_v1"),
    ]
    assert "&lt;i&gt;Three&lt;/i&gt;" in items
    assert "One" not in items
    on_the_page = re.findall(r'id="(entry-[^"]+)"', client.get("/activity").text)
    assert re.findall(r'id="(entry-[^"]+)"', items) == on_the_page[:2]
    assert "<li" not in client.get("/activity/arrivals", params={"after": 3}).text


@pytest.mark.parametrize("query", ["", "?after=-1", "?after=x", f"?after={2**63}"])
def test_arrivals_are_after_a_position(client: TestClient, query: str) -> None:
    """Anything else is refused."""
    assert client.get(f"/activity/arrivals{query}").status_code == 422
