"""Tests of search and orders in the API and on the shelf."""

import re
from html import unescape

import pytest
from fastapi.testclient import TestClient

ISBNS = ("9780321125217", "9781492052203", "9780141439587")


@pytest.fixture
def books(client: TestClient) -> list[str]:
    """Register three books, and return their ids."""
    titles = (("Beta café", "Zed"), ("Alpha café", "Young"), ("Gamma", "Xu"))
    return [
        client.post("/api/books", json={"title": title, "author": author, "isbn": isbn}).json()[
            "id"
        ]
        for (title, author), isbn in zip(titles, ISBNS, strict=True)
    ]


@pytest.mark.parametrize(
    ("order", "expected"),
    [("newest", [2, 1, 0]), ("title", [1, 0, 2]), ("author", [2, 1, 0])],
)
def test_pages_follow_each_other_in_each_order(
    client: TestClient, books: list[str], order: str, expected: list[int]
) -> None:
    """The cursor of each page leads to the next one; the last page has none."""
    found: list[str] = []
    parameters = {"order": order, "limit": "1"}
    while True:
        page = client.get("/api/books", params=parameters).json()
        found += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        parameters["cursor"] = page["next_cursor"]

    assert found == [books[number] for number in expected]


def test_the_cursor_of_the_newest_is_an_id(client: TestClient, books: list[str]) -> None:
    """Clients of the first release may go on by the id of the last book."""
    page = client.get("/api/books", params={"limit": 2}).json()

    assert page["next_cursor"] == books[1]


@pytest.mark.parametrize("cursor", ["nonsense", "W10", "9" * 3_000])
def test_no_cursor_is_refused(client: TestClient, cursor: str) -> None:
    """What is no cursor is an error of its field, and so is one of another order."""
    response = client.get("/api/books", params={"cursor": cursor})

    assert response.status_code == 422
    assert "cursor" in response.json()["detail"]


def test_a_cursor_of_another_order_is_refused(client: TestClient, books: list[str]) -> None:
    """A list goes on in the order in which it began."""
    response = client.get("/api/books", params={"cursor": books[0], "order": "title"})

    assert response.status_code == 422


def test_words_are_found_in_any_order(client: TestClient, books: list[str]) -> None:
    """All words have to be found, by their beginnings."""
    found = client.get("/api/books", params={"q": "zed CAFE"}).json()["items"]

    assert [item["id"] for item in found] == books[:1]


def test_the_shelf_keeps_query_and_order(
    client: TestClient, books: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The link to more books has both, and leads to the rest."""
    monkeypatch.setattr("reading_club.app.web.pages.BOOKS", 1)
    page = client.get("/", params={"q": "café", "order": "title"}).text
    (more,) = re.findall(r'class="older" href="([^"]+)"', page)

    rest = client.get(unescape(more)).text

    assert (f"/books/{books[1]}" in page, f"/books/{books[0]}" in page) == (True, False)
    assert f'href="/books/{books[0]}"' in rest
    assert '<option value="title" selected>' in rest
