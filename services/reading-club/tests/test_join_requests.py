"""``/api/join-requests`` and the form on ``/join``: asking, and the answer."""

from typing import Any

import pytest
from lastuuid import uuid7

from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.app.testing.person import Person

PASSWORD = "correct horse"
ANN = {"nickname": "Ann", "password": PASSWORD}


@pytest.fixture
def open_club(organiser: Person) -> Person:
    """The organiser of a club that takes requests to join."""
    headers = {"If-Match": organiser.get("/api/club").headers["etag"]}
    changed = organiser.patch("/api/club", json={"may_ask_to_join": True}, headers=headers)
    assert changed.status_code == 200
    return organiser


def waiting(organiser: Person) -> list[dict[str, Any]]:
    """Return the requests that wait for an answer."""
    items: list[dict[str, Any]] = organiser.get("/api/join-requests").json()["items"]
    return items


def test_a_club_takes_no_requests_at_first(organiser: Person, visitor: Person) -> None:
    """403, before a password is hashed; the page offers no form."""
    answer = visitor.post("/api/join-requests", json=ANN)

    assert answer.status_code == 403
    assert waiting(organiser) == []
    assert "<form" not in visitor.get("/join").text
    assert visitor.post("/join/request", data=ANN).status_code == 422
    assert waiting(organiser) == []


def test_an_approved_request_makes_a_member(
    open_club: Person, visitor: Person, transport: RecordingOutboxTransport
) -> None:
    """Before the approval the log-in is refused; after it the password is the one that was sent."""
    before = len(transport.handed_over)
    asked = visitor.post("/api/join-requests", json=ANN)
    early = visitor.post("/api/session", json=ANN)
    (request,) = waiting(open_club)
    approved = open_club.post(f"/api/join-requests/{request['id']}/approve")

    assert asked.status_code == 202
    assert asked.json() == {"id": request["id"]}
    assert set(request) == {"id", "nickname", "created_at"}
    assert early.status_code == 401
    assert (approved.status_code, approved.json()["role"]) == (201, "member")
    assert [event["type"] for event in transport.handed_over[before:]] == ["reviewer_created_v1"]
    assert waiting(open_club) == []
    assert visitor.post("/api/session", json=ANN).status_code == 201
    assert open_club.post(f"/api/join-requests/{request['id']}/approve").status_code == 404


def test_a_refused_request_is_gone(open_club: Person, visitor: Person) -> None:
    """204, then 404; no member is added, and the same person may ask again."""
    url = f"/api/join-requests/{visitor.post('/api/join-requests', json=ANN).json()['id']}"

    assert open_club.delete(url).status_code == 204
    assert open_club.delete(url).status_code == 404
    assert open_club.delete(f"/api/join-requests/{uuid7()}").status_code == 404
    assert visitor.post("/api/session", json=ANN).status_code == 401
    assert visitor.post("/api/join-requests", json=ANN).status_code == 202


def test_only_organisers_answer(open_club: Person, member: Person, visitor: Person) -> None:
    """401 for a visitor and 403 for a member; the request waits on."""
    url = f"/api/join-requests/{visitor.post('/api/join-requests', json=ANN).json()['id']}"

    for person, status in ((visitor, 401), (member, 403)):
        assert person.get("/api/join-requests").status_code == status
        assert person.post(f"{url}/approve").status_code == status
        assert person.delete(url).status_code == status
    assert len(waiting(open_club)) == 1


@pytest.mark.parametrize(
    ("said", "status", "field"),
    [
        ({"nickname": "OLGA"}, 409, "nickname"),
        ({"nickname": "ann "}, 409, "nickname"),
        ({"nickname": "\u202eAnn"}, 422, "nickname"),
        ({"password": "short"}, 422, "password"),
        ({"nickname": "Correct  Horse"}, 422, "password"),
        ({"role": "organiser"}, 422, "role"),
    ],
)
def test_a_refused_request_stores_nothing(
    open_club: Person, visitor: Person, said: dict[str, str], status: int, field: str
) -> None:
    """The error names the field; a request with the same nickname waits as before."""
    visitor.post("/api/join-requests", json=ANN)

    answer = visitor.post("/api/join-requests", json={**ANN, **said})

    assert answer.status_code == status
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert len(waiting(open_club)) == 1


def test_a_request_whose_nickname_was_taken_meanwhile_waits_on(
    open_club: Person, visitor: Person
) -> None:
    """409 for the approval, and the page says so; the request can be refused."""
    id_ = visitor.post("/api/join-requests", json=ANN).json()["id"]
    token = open_club.post("/api/invitations", json={}).json()["token"]
    visitor.post("/api/members", json={**ANN, "invitation": token})

    assert open_club.post(f"/api/join-requests/{id_}/approve").status_code == 409
    page = open_club.post(f"/members/requests/{id_}/approve", data={"sure": "yes"})
    assert page.status_code == 422
    assert "The nickname &#39;Ann&#39; is already taken." in page.text
    assert len(waiting(open_club)) == 1


def test_the_form_to_ask(open_club: Person, visitor: Person) -> None:
    """It keeps the nickname, and says after sending that an organiser answers."""
    shown = visitor.get("/join").text
    refused = visitor.post("/join/request", data={**ANN, "password": "short"})
    answer = visitor.post("/join/request", data=ANN)
    after = visitor.get(answer.headers["location"]).text

    assert 'action="/join/request"' in shown
    assert refused.status_code == 422
    assert "<title>Error: " in refused.text
    assert 'value="Ann"' in refused.text
    assert 'value="short"' not in refused.text
    assert (answer.status_code, answer.headers["location"]) == (303, "/join?said=asked")
    assert "An organiser of the club answers." in after
    assert "<form" not in after
    assert [request["nickname"] for request in waiting(open_club)] == ["Ann"]


def test_many_requests_for_one_nickname_are_refused(open_club: Person, visitor: Person) -> None:
    """429 of the API and of the form, and nothing is stored."""
    for _ in range(10):
        visitor.post("/api/join-requests", json={**ANN, "nickname": "OLGA"})

    olga = {**ANN, "nickname": "Olga"}
    assert visitor.post("/api/join-requests", json=olga).status_code == 429
    assert visitor.post("/join/request", data=olga).status_code == 429
    assert waiting(open_club) == []


def test_an_invitation_works_where_people_may_ask(open_club: Person, visitor: Person) -> None:
    """With a token the page has the form of the invitation."""
    token = open_club.post("/api/invitations", json={}).json()["token"]

    page = visitor.get(f"/join?token={token}").text

    assert 'action="/join"' in page
    assert visitor.post("/join", data={**ANN, "token": token}).status_code == 303
