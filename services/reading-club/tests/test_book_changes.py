"""``PATCH`` and ``DELETE /api/books/{id}``: corrections by version, and withdrawals."""

import json
from typing import Any

import pytest
from lastuuid import uuid7

from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.app.testing.person import Person, problem_of
from reading_club.app.web.etags import etag
from reading_club.testing.builders import an_isbn

BOOK = {"title": "Domain-Drivn Design", "author": "Eric Evans", "isbn": "0-321-12521-5"}
RIGHT = {"title": "Domain-Driven Design"}


@pytest.fixture
def path(member: Person) -> str:
    """The path of a book that the member has registered."""
    return f"/api/books/{member.post('/api/books', json=BOOK).json()['id']}"


def correct(person: Person, path: str, changes: Any, version: int = 1) -> Any:
    """Send a PATCH that expects this version."""
    return person.patch(path, json=changes, headers={"if-match": etag(version)})


def types_of(transport: RecordingOutboxTransport) -> list[str]:
    """Return the types of the events of books and reviews, in their order."""
    types = [event["type"] for event in transport.handed_over]
    return [type_ for type_ in types if not type_.startswith("reviewer_")]


def test_who_registered_a_book_corrects_it(
    member: Person, path: str, transport: RecordingOutboxTransport
) -> None:
    """200 with the next version and its ETag; what is left out stays, and the event says who."""
    answer = correct(member, path, RIGHT)

    book = answer.json()
    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
    assert (book["title"], book["author"], book["version"]) == (RIGHT["title"], "Eric Evans", 2)
    read = member.get(path)
    assert (read.json(), read.headers["etag"]) == (book, '"2"')
    event = json.loads(transport.handed_over[-1]["payload"])
    assert types_of(transport) == ["book_registered_v1", "book_corrected_v1"]
    assert event["corrected_by"] == member.get("/api/me").json()["reviewer_id"]


def test_an_organiser_corrects_any_book(organiser: Person, path: str) -> None:
    """Also one that a member registered."""
    assert correct(organiser, path, RIGHT).status_code == 200


def test_nobody_else_does(
    organiser: Person, member: Person, visitor: Person, transport: RecordingOutboxTransport
) -> None:
    """403 for another member, whichever version is sent; 401 for a visitor; nothing changes."""
    path = f"/api/books/{organiser.post('/api/books', json=BOOK).json()['id']}"
    before = types_of(transport)

    assert problem_of(correct(member, path, RIGHT)) == (403, "not-allowed")
    assert problem_of(member.patch(path, json=RIGHT)) == (403, "not-allowed")
    assert correct(visitor, path, RIGHT).status_code == 401
    assert member.get(path).json()["title"] == BOOK["title"]
    assert types_of(transport) == before


def test_a_correction_needs_the_version(
    member: Person, path: str, transport: RecordingOutboxTransport
) -> None:
    """428 without If-Match, 412 for another version; `*` is any."""
    correct(member, path, RIGHT)
    before = types_of(transport)

    assert member.patch(path, json={"author": "E. Evans"}).status_code == 428
    assert problem_of(correct(member, path, {"author": "E"}, 1)) == (412, "version-mismatch")
    assert member.patch(path, json={}, headers={"if-match": 'W/"2"'}).status_code == 412
    assert types_of(transport) == before
    anyhow = member.patch(path, json={"author": "E. Evans"}, headers={"if-match": "*"})
    assert (anyhow.status_code, anyhow.json()["version"]) == (200, 3)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": None}, "title"),
        ({"author": "x" * 201}, "author"),
        ({"isbn": "0321125216"}, "isbn"),
        ({"version": 2}, "version"),
    ],
)
def test_a_wrong_field_is_refused_by_name(
    member: Person,
    path: str,
    transport: RecordingOutboxTransport,
    changes: dict[str, Any],
    field: str,
) -> None:
    """422 names the field, and nothing is stored or sent."""
    answer = correct(member, path, changes)

    assert [each["field"] for each in answer.json()["errors"]] == [field]
    assert problem_of(answer) == (422, "invalid-request")
    assert member.get(path).json()["version"] == 1
    assert types_of(transport) == ["book_registered_v1"]


def test_the_isbn_of_another_book_is_refused(member: Person, path: str) -> None:
    """409 names the field."""
    other = member.post("/api/books", json={**BOOK, "isbn": str(an_isbn())}).json()

    answer = correct(member, path, {"isbn": other["isbn"]})

    assert problem_of(answer) == (409, "book-already-registered")
    assert [each["field"] for each in answer.json()["errors"]] == ["isbn"]


def test_an_isbn_is_taken_away_and_given(member: Person, path: str) -> None:
    """Null takes it away; it is free for another book then."""
    none = correct(member, path, {"isbn": None})
    other = member.post("/api/books", json=BOOK)

    assert (none.status_code, none.json()["isbn"]) == (200, None)
    assert other.status_code == 201
    assert correct(member, path, {"isbn": str(an_isbn())}, 2).json()["isbn"] is not None


def test_an_organiser_withdraws_a_book_with_its_reviews(
    organiser: Person, member: Person, path: str, transport: RecordingOutboxTransport
) -> None:
    """204; neither is found any more, the events name the organiser, and the ISBN is free."""
    member.put(f"{path}/review", json={"rating": 7, "comment": "Good."})

    answer = organiser.delete(path)

    assert answer.status_code == 204
    for gone in (path, f"{path}/reviews", f"{path}/review"):
        assert problem_of(member.get(gone)) == (404, "book-not-found")
    assert member.put(f"{path}/review", json={"rating": 8}).status_code == 404
    assert organiser.get("/api/books").json()["items"] == []
    assert types_of(transport)[2:] == ["book_withdrawn_v1", "review_withdrawn_v1"]
    by = organiser.get("/api/me").json()["reviewer_id"]
    assert all(by in event["payload"] for event in transport.handed_over[-2:])
    assert organiser.delete(path).status_code == 404
    assert correct(organiser, path, RIGHT, 2).status_code == 404
    assert member.post("/api/books", json=BOOK).status_code == 201


def test_a_withdrawal_is_of_the_version_if_one_is_named(organiser: Person, path: str) -> None:
    """412 for another one, and the book stays; If-Match is optional."""
    correct(organiser, path, RIGHT)

    assert organiser.delete(path, headers={"if-match": etag(1)}).status_code == 412
    assert organiser.get(path).status_code == 200
    assert organiser.delete(path, headers={"if-match": etag(2)}).status_code == 204


def test_members_withdraw_no_book(member: Person, visitor: Person, path: str) -> None:
    """403, also for a book of one's own; 401 for a visitor."""
    assert problem_of(member.delete(path)) == (403, "not-allowed")
    assert visitor.delete(path).status_code == 401
    assert member.get(path).status_code == 200


def test_an_unknown_book_is_neither_corrected_nor_withdrawn(organiser: Person) -> None:
    """404 says which."""
    path = f"/api/books/{uuid7()}"

    assert problem_of(correct(organiser, path, RIGHT)) == (404, "book-not-found")
    assert problem_of(organiser.delete(path)) == (404, "book-not-found")


def test_the_same_registration_does_not_bring_a_book_back(organiser: Person) -> None:
    """409 for the id of a withdrawn book."""
    book = {**BOOK, "id": str(uuid7())}
    organiser.post("/api/books", json=book)
    organiser.delete(f"/api/books/{book['id']}")

    answer = organiser.post("/api/books", json=book)

    assert problem_of(answer) == (409, "identifier-taken")
    assert [each["field"] for each in answer.json()["errors"]] == ["id"]


@pytest.mark.parametrize("isbn", [{}, {"isbn": None}], ids=["left out", "null"])
def test_a_book_without_an_isbn_is_registered(
    member: Person, transport: RecordingOutboxTransport, isbn: dict[str, None]
) -> None:
    """It is published as the second version, in which the ISBN may be missing; null is read."""
    answer = member.post("/api/books", json={"title": "Beowulf", "author": "unknown", **isbn})

    assert (answer.status_code, answer.json()["isbn"]) == (201, None)
    assert member.get("/api/books", params={"q": "beowulf"}).json()["items"] == [answer.json()]
    assert types_of(transport) == ["book_registered_v2"]
