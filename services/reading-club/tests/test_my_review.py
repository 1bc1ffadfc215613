"""``/api/books/{id}/review``: one review for each member and book, by its versions."""

from typing import Any

import pytest
from lastuuid import uuid7

from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.app.testing.person import Person
from reading_club.app.web.etags import etag

BOOK = {"title": "Domain-Driven Design", "author": "Eric Evans", "isbn": "0-321-12521-5"}
GOOD = {"rating": 7, "comment": "Good."}
BETTER = {"rating": 8, "comment": "Better."}


@pytest.fixture
def path(organiser: Person) -> str:
    """The path of the caller's review of a book."""
    return f"/api/books/{organiser.post('/api/books', json=BOOK).json()['id']}/review"


def types_of(transport: RecordingOutboxTransport) -> list[str]:
    """Return the types of the events on reviews, in their order."""
    types = [event["type"] for event in transport.handed_over]
    return [type_ for type_ in types if type_.startswith("review_")]


def revise(person: Person, path: str, version: int, said: Any) -> Any:
    """Send a PUT that expects this version."""
    return person.put(path, json=said, headers={"if-match": etag(version)})


def test_a_member_writes_a_review(member: Person, path: str) -> None:
    """201 with the review and its ETag; it is mine, and in the list of the book's."""
    answer = member.put(path, json=GOOD)
    mine = member.get(path)

    review = answer.json()
    assert (answer.status_code, answer.headers["etag"]) == (201, '"1"')
    assert (review["rating"], review["comment"], review["version"]) == (7, "Good.", 1)
    assert review["reviewer"]["nickname"] == "Mo"
    assert (mine.status_code, mine.headers["etag"], mine.json()) == (200, '"1"', review)
    assert member.get(f"{path}s").json()["items"] == [review]


def test_a_member_revises_her_review(
    member: Person, path: str, transport: RecordingOutboxTransport
) -> None:
    """200 with the ETag of the new version; the id stays, and equal content is no version."""
    first = member.put(path, json=GOOD).json()

    revised = revise(member, path, 1, BETTER)
    same = revise(member, path, 2, BETTER)
    any_version = member.put(path, json={"rating": 0}, headers={"if-match": "*"})

    assert (revised.status_code, revised.headers["etag"]) == (200, '"2"')
    assert (revised.json()["id"], revised.json()["rating"]) == (first["id"], 8)
    assert (same.status_code, same.headers["etag"]) == (200, '"2"')
    assert (any_version.status_code, any_version.json()["version"]) == (200, 3)
    assert types_of(transport) == ["review_created_v1", "review_revised_v1", "review_revised_v1"]


@pytest.mark.parametrize("said", [GOOD, BETTER])
def test_a_second_review_needs_if_match(
    member: Person, path: str, said: Any, transport: RecordingOutboxTransport
) -> None:
    """428 also for the same content, and nothing changes."""
    member.put(path, json=GOOD)

    answer = member.put(path, json=said)

    assert (answer.status_code, answer.json()["status"]) == (428, 428)
    assert answer.headers["content-type"] == "application/problem+json"
    assert member.get(path).json()["comment"] == "Good."
    assert types_of(transport) == ["review_created_v1"]


@pytest.mark.parametrize("value", ['"2"', '"0"', 'W/"1"', "1", '"one"', "", '"1", "2"', '"' * 99])
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_another_version_is_refused(member: Person, path: str, method: str, value: str) -> None:
    """412 for each If-Match but the current ETag, and nothing changes."""
    before = member.put(path, json=GOOD).json()
    options = {"json": BETTER} if method == "PUT" else {}

    answer = member.request(method, path, headers={"if-match": value}, **options)

    assert (answer.status_code, answer.json()["status"]) == (412, 412)
    assert member.get(path).json() == before


@pytest.mark.parametrize("value", ["*", '"1"'])
def test_there_is_nothing_to_revise_before_the_first_review(
    member: Person, path: str, value: str
) -> None:
    """412 with If-Match, and nothing is written."""
    assert member.put(path, json=GOOD, headers={"if-match": value}).status_code == 412
    assert member.get(path).status_code == 404


@pytest.mark.parametrize(
    ("said", "field", "detail"),
    [
        ({"rating": 11}, "rating", "must be at most 10"),
        ({"rating": -1}, "rating", "must be at least 0"),
        ({"rating": "7"}, "rating", "must be a whole number"),
        ({"rating": 7.5}, "rating", "must be a whole number"),
        ({"rating": True}, "rating", "must be a whole number"),
        ({"rating": None}, "rating", "must be a whole number"),
        ({"comment": "x" * 5001}, "comment", "must not be longer than 5000 characters"),
        ({"comment": "\u202e"}, "comment", "must not contain control characters"),
    ],
)
def test_what_does_not_fit_is_refused_first(
    member: Person, path: str, said: Any, field: str, detail: str
) -> None:
    """422 names the field, with any If-Match and without."""
    member.put(path, json=GOOD)

    for headers in ({}, {"if-match": '"9"'}):
        answer = member.put(path, json={**GOOD, **said}, headers=headers)

        assert answer.status_code == 422
        assert answer.json()["errors"] == [{"field": field, "detail": detail}]


@pytest.mark.parametrize("rating", [0, 10])
def test_the_lowest_and_the_highest_rating(member: Person, path: str, rating: int) -> None:
    """Both are ratings; a comment is not needed."""
    answer = member.put(path, json={"rating": rating})

    assert (answer.status_code, answer.json()["rating"], answer.json()["comment"]) == (
        201, rating, "",
    )  # fmt: skip


def test_a_review_is_withdrawn_and_written_again(
    member: Person, path: str, transport: RecordingOutboxTransport
) -> None:
    """It is gone for all, and later has its id and a higher version."""
    first = member.put(path, json=GOOD).json()

    assert member.delete(path, headers={"if-match": '"1"'}).status_code == 204
    assert member.get(path).status_code == 404
    assert member.delete(path).status_code == 404
    assert revise(member, path, 2, GOOD).status_code == 412
    assert member.get(f"{path}s").json()["items"] == []
    again = member.put(path, json=GOOD)

    assert (again.status_code, again.headers["etag"]) == (201, '"3"')
    assert again.json()["id"] == first["id"]
    assert types_of(transport) == ["review_created_v1", "review_withdrawn_v1", "review_revised_v1"]
    assert member.delete(path).status_code == 204


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_what_is_not_there_is_not_found(member: Person, method: str) -> None:
    """404 for an unknown book with or without If-Match, 422 for an id that is none."""
    options = {"json": GOOD} if method == "PUT" else {}
    unknown = f"/api/books/{uuid7()}/review"

    assert member.request(method, unknown, **options).status_code == 404
    headers = {"if-match": '"1"'}
    answer = member.request(method, unknown, headers=headers, **options)
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (404, "book-not-found")
    assert member.request(method, "/api/books/none/review", **options).status_code == 422


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_visitors_have_no_review(
    visitor: Person, path: str, method: str, transport: RecordingOutboxTransport
) -> None:
    """401, also for content that does not fit, and nothing is stored."""
    for said in (GOOD, {"rating": 11}):
        options = {"json": said} if method == "PUT" else {}

        assert visitor.request(method, path, **options).status_code == 401
    assert types_of(transport) == []


def test_each_member_has_a_review_of_her_own(member: Person, organiser: Person, path: str) -> None:
    """The same path is another review for each: no member reaches that of another."""
    mine = member.put(path, json=GOOD).json()

    assert organiser.get(path).status_code == 404
    assert revise(organiser, path, 1, BETTER).status_code == 412
    assert organiser.delete(path).status_code == 404
    assert organiser.put(path, json=BETTER).status_code == 201
    assert member.get(path).json() == mine


def test_the_body_has_to_be_json(member: Person, path: str) -> None:
    """415 for another content type."""
    assert (
        member.put(path, content=b"{}", headers={"content-type": "text/plain"}).status_code == 415
    )
