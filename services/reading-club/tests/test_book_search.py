"""Tests of search and orders in the API and on the shelf."""

import json
import re
from base64 import urlsafe_b64encode
from html import unescape
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

ID = str(UUID(int=1))
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


@pytest.mark.parametrize("path", ["/api/books", "/"])
@pytest.mark.parametrize(
    "content",
    [
        *(["title", ID], ["title", ID, 5], ["title", ID, "a", "b"], ["title", "no id", "a"]),
        *(["title", ID, "\0"], ["title", ID, "\ud800"], ["title", 5, "a"], [[], ID, "a"]),
        *(["best", ID, "a"], ["best", ID, -1], ["best", ID, 2**31], ["best", ID, True]),
        *(["newest", ID], ["none", ID, "a"], [], {}, "title", None),
    ],
)
def test_a_cursor_that_no_page_made_is_refused(client: TestClient, path: str, content: Any) -> None:
    """Content of the wrong form is an error that names the parameter."""
    order = "best" if content and "best" in content else "title"
    text = urlsafe_b64encode(json.dumps(content).encode()).decode()
    response = client.get(path, params={"cursor": text, "order": order})

    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == ["cursor"]


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        *[("cursor", text) for text in ("nonsense", "W10", "é", "\0", "9" * 3_000, "[" * 1_999)],
        *[("q", text) for text in ("a" * 201, "a\0b", "\u200b")],
        ("order", "worst"),
        ("limit", "0"),
    ],
)
def test_a_wrong_parameter_is_named(client: TestClient, parameter: str, value: str) -> None:
    """Whatever is in it, the answer says which parameter is wrong."""
    response = client.get("/api/books", params={parameter: value})

    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == [parameter]


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
    assert '<a href="/?q=caf%C3%A9&amp;order=title" aria-current="true">Title</a>' in rest
    assert '<input type="hidden" name="order" value="title">' in rest


@pytest.mark.usefixtures("books")
def test_the_shelf_says_what_the_rank_is(client: TestClient) -> None:
    """Above the best books, and only there."""
    said = "of 5 imagined 5s"

    pages = [client.get("/", params={"order": order}).text for order in ("best", "newest")]

    assert [said in page for page in pages] == [True, False]
