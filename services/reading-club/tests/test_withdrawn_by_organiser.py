"""``DELETE /api/books/{id}/reviews/{review_id}``: an organiser withdraws a member's review."""

import json

import pytest
from lastuuid import uuid7

from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.app.testing.person import Person

BOOK = {"title": "Domain-Driven Design", "author": "Eric Evans", "isbn": "0-321-12521-5"}


@pytest.fixture
def book(organiser: Person) -> str:
    """The path of a book."""
    return f"/api/books/{organiser.post('/api/books', json=BOOK).json()['id']}"


@pytest.fixture
def path(member: Person, book: str) -> str:
    """The path of the member's review in the list of the book's."""
    review = member.put(f"{book}/review", json={"rating": 1, "comment": "Rude."}).json()
    return f"{book}/reviews/{review['id']}"


def test_an_organiser_withdraws_a_review_on_record(
    organiser: Person, member: Person, book: str, path: str, transport: RecordingOutboxTransport
) -> None:
    """204; the review is gone, the event names the organiser, and the member can write again."""
    answer = organiser.delete(path)

    assert answer.status_code == 204
    assert member.get(f"{book}/review").status_code == 404
    event = json.loads(transport.handed_over[-1]["payload"])
    assert event["withdrawn_by"] == organiser.get("/api/me").json()["reviewer_id"]
    assert event["reviewer_id"] == member.get("/api/me").json()["reviewer_id"]
    assert organiser.delete(path).status_code == 404
    assert member.put(f"{book}/review", json={"rating": 2}).json()["version"] == 3


def test_nobody_else_does(
    member: Person, visitor: Person, book: str, path: str, transport: RecordingOutboxTransport
) -> None:
    """403 for members, also for their own review; 401 for visitors; nothing is stored."""
    before = len(transport.handed_over)

    assert member.delete(path).status_code == 403
    assert visitor.delete(path).status_code == 401
    assert member.get(f"{book}/review").json()["comment"] == "Rude."
    assert len(transport.handed_over) == before


def test_the_review_has_to_be_one_of_the_book(organiser: Person, book: str, path: str) -> None:
    """404 for an unknown review, an unknown book, and a review of another book."""
    review_id = path.rpartition("/")[2]
    other = organiser.post("/api/books", json={**BOOK, "isbn": "978-1-4920-5220-3"}).json()["id"]

    assert organiser.delete(f"{book}/reviews/{uuid7()}").status_code == 404
    assert organiser.delete(f"/api/books/{uuid7()}/reviews/{review_id}").status_code == 404
    assert organiser.delete(f"/api/books/{other}/reviews/{review_id}").status_code == 404
    assert organiser.delete(f"{book}/reviews/none").status_code == 422
    assert organiser.get(f"{book}/reviews").json()["items"] != []
