"""``/api/books``."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from lastuuid import uuid7

from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.app.web.request_bodies import LARGEST_BODY
from reading_club.testing.builders import an_isbn

DDD = {"title": "Domain-Driven Design", "author": "Eric Evans", "isbn": "0-321-12521-5"}


def shelf(client: TestClient) -> list[dict[str, Any]]:
    """Return the books of the first page."""
    items: list[dict[str, Any]] = client.get("/api/books").json()["items"]
    return items


def assert_refused(response: Any, status: int, field: str | None) -> None:
    """Check that the answer is a problem detail that names the field."""
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == status
    assert problem["title"]
    assert [error["field"] for error in problem["errors"]] == ([] if field is None else [field])


def test_a_book_is_registered(client: TestClient, transport: RecordingOutboxTransport) -> None:
    """201 with the Location of the new book, and one event."""
    response = client.post("/api/books", json=DDD)

    assert response.status_code == 201
    book = response.json()
    unrated = {"count": 0, "mean": None, "distribution": [0] * 11}
    assert book == {
        **DDD,
        "isbn": "9780321125217",
        "id": book["id"],
        "version": 1,
        "ratings": unrated,
    }
    assert response.headers["location"] == f"/api/books/{book['id']}"
    assert client.get(response.headers["location"]).json() == book
    assert [event["type"] for event in transport.handed_over] == ["book_registered_v1"]


def test_the_same_isbn_in_another_spelling_is_refused(
    client: TestClient, transport: RecordingOutboxTransport
) -> None:
    """409, and nothing is stored or sent."""
    client.post("/api/books", json=DDD)

    response = client.post("/api/books", json={**DDD, "isbn": "978 0 321 12521 7"})

    assert_refused(response, 409, "isbn")
    assert len(shelf(client)) == 1
    assert len(transport.handed_over) == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("isbn", "0-321-12521-6"),
        ("isbn", 9780321125217),
        ("isbn", ""),
        ("title", ""),
        ("title", "x" * 301),
        ("title", "bell\x07"),
        ("author", ["Eric", "Evans"]),
        ("id", "seven"),
        ("publisher", "unknown to us"),
    ],
)
def test_a_wrong_field_is_refused_by_name(
    client: TestClient, transport: RecordingOutboxTransport, field: str, value: object
) -> None:
    """422, the field is named, and nothing is stored or sent."""
    response = client.post("/api/books", json={**DDD, field: value})

    assert_refused(response, 422, field)
    assert field in response.json()["detail"]
    assert shelf(client) == []
    assert transport.handed_over == []


@pytest.mark.parametrize("missing", ["title", "author"])
def test_a_missing_field_is_refused_by_name(client: TestClient, missing: str) -> None:
    """422, and the field that is missing is named."""
    body = {name: value for name, value in DDD.items() if name != missing}

    assert_refused(client.post("/api/books", json=body), 422, missing)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'"x"', b"\xff\xfe"])
def test_a_body_that_is_no_object_is_refused(client: TestClient, content: bytes) -> None:
    """A malformed body gets a problem detail with 400 or 422."""
    response = client.post(
        "/api/books", content=content, headers={"content-type": "application/json"}
    )

    assert response.status_code in {400, 422}
    assert {error["field"] for error in response.json()["errors"]} <= {"body"}
    assert response.headers["content-type"] == "application/problem+json"


def test_a_body_that_is_too_large_is_refused(client: TestClient) -> None:
    """413 for a large body, with or without Content-Length."""
    body = b'{"title": "' + b"x" * LARGEST_BODY + b'"}'

    assert_refused(client.post("/api/books", content=body), 413, None)
    assert_refused(client.post("/api/books", content=iter([body])), 413, None)


def test_the_same_id_and_content_again_is_the_same_answer(
    client: TestClient, transport: RecordingOutboxTransport
) -> None:
    """A client that chose the id may repeat a request whose response was lost."""
    body = {**DDD, "id": str(uuid7())}

    first, second = (client.post("/api/books", json=body) for _ in range(2))

    assert (first.status_code, first.json()) == (second.status_code, second.json())
    assert second.headers["location"] == first.headers["location"]
    assert len(shelf(client)) == 1
    assert len(transport.handed_over) == 1


def test_the_same_id_with_other_content_is_refused(client: TestClient) -> None:
    """409 for an id that is taken."""
    body = {**DDD, "id": str(uuid7())}
    client.post("/api/books", json=body)

    response = client.post("/api/books", json={**body, "title": "Another", "isbn": an_isbn()})

    assert_refused(response, 409, "id")
    assert [book["title"] for book in shelf(client)] == [DDD["title"]]


def test_an_unknown_book_is_not_found(client: TestClient) -> None:
    """404 for an unknown id, 422 for a malformed one."""
    assert_refused(client.get(f"/api/books/{uuid7()}"), 404, None)
    assert_refused(client.get("/api/books/nonsense"), 422, "id")


def test_an_unknown_path_is_a_problem_detail_too(client: TestClient) -> None:
    """Errors of the framework have the format of the club's own errors."""
    assert_refused(client.get("/api/nothing"), 404, None)
    assert_refused(client.delete("/api/books"), 405, None)


def test_pages_lead_through_the_whole_shelf(client: TestClient) -> None:
    """Following the cursor shows every book once, the newest first."""
    titles = [f"Volume {number}" for number in range(5)]
    for title in titles:
        client.post("/api/books", json={**DDD, "title": title, "isbn": an_isbn()})

    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        parameters = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = client.get("/api/books", params=parameters).json()
        seen += [book["title"] for book in page["items"]]
        cursor = page["next_cursor"]

    assert seen == titles[::-1]


def test_the_shelf_can_be_searched(client: TestClient) -> None:
    """Words and any spelling of the ISBN find a book."""
    client.post("/api/books", json=DDD)
    client.post("/api/books", json={**DDD, "title": "Other", "author": "O", "isbn": an_isbn()})

    for query in ("domain", "EVANS", "9780321125217", "0-321-12521-5"):
        items = client.get("/api/books", params={"q": query}).json()["items"]
        assert [book["title"] for book in items] == [DDD["title"]]


@pytest.mark.parametrize(
    ("name", "value"),
    [("cursor", "x"), ("limit", "0"), ("limit", "101"), ("q", "x" * 201), ("q", "\x00")],
)
def test_a_wrong_parameter_is_refused_by_name(client: TestClient, name: str, value: str) -> None:
    """422 names the parameter of the query."""
    assert_refused(client.get("/api/books", params={name: value}), 422, name)
