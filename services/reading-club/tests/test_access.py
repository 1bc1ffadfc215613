"""Who may call each route, API and pages: a route that is not in the lists fails a test."""

import re
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import pytest
from fastapi.testclient import TestClient

from reading_club.app.testing.person import Person
from reading_club.app.web.application import PARTS

Sender = tuple[Person, dict[str, str]]
"""A person with a browser, and the headers of a token."""
Senders = dict[str, Sender]
BOOK = {"title": "Domain-Driven Design", "author": "Eric Evans", "isbn": "0-321-12521-5"}
FORM: Final = "application/x-www-form-urlencoded"
NONE: Final = "0199e3a0-0000-7000-8000-000000000000"
"""The id of nothing."""

ANYBODY: Final = """
GET /healthz /readyz /privacy /following.atom
GET,POST /login /welcome /join
POST /logout /join/request
GET,POST /password /mail/confirm /mail/unsubscribe
POST /api/welcome /api/session /api/members /api/join-requests
GET /api/club
"""
"""Routes without a right, or that a secret or a password in the request gives the right to."""
READERS: Final = """
GET / /activity /books/{id} /api/books /api/books/{id} /api/books/{id}/reviews /api/reviewers/{id}
GET /api/activity /api/activity/stream /activity.atom /activity/arrivals
"""
"""Routes for anybody, or members only, as the club decides."""
MEMBERS: Final = """
GET /books/new /members
POST /books /books/{id}/review /books/{id}/review/withdraw /books/{id}/follow /books/{id}/unfollow
PUT,DELETE /api/me/notifications/club /api/me/notifications/books/{id}
POST /api/books /api/imports
GET,PUT,DELETE /api/books/{id}/review
GET /api/members /api/me /api/export.csv /api/imports /api/imports/{id}/rejected.csv
GET,PATCH /api/imports/{id}
"""
REGISTRARS: Final = """
GET,POST /books/{id}/edit
PATCH /api/books/{id}
"""
"""Routes for the member who registered a book, and for organisers: here it is an organiser's."""
SESSIONS: Final = """
GET /account /imports /imports/{id} /api/sessions /api/me/export /api/me/notifications
POST /account/password /account/leave /account/sessions/{id}/end /account/tokens
POST /account/tokens/{id}/revoke /imports /imports/{id}/{action} /account/following/club
POST /account/following/club/stop /account/following/feed /account/following/feed/revoke
POST /account/following/mail /account/following/mail/remove /api/me/leave
POST,DELETE /api/me/notifications/feed
PUT,DELETE /api/me/notifications/mail
DELETE /api/session /api/sessions/{id} /api/tokens/{id}
PUT /api/password
POST,GET /api/tokens
"""
"""Routes for members with a password: not for their tokens."""
ORGANISERS: Final = """
GET /metrics /asyncapi.json /api/join-requests
POST /books/{id}/withdraw /books/{id}/reviews/{review_id}/withdraw
DELETE /api/books/{id} /api/books/{id}/reviews/{review_id} /api/invitations/{id}
POST,GET /api/invitations
POST /api/join-requests/{id}/approve
DELETE /api/join-requests/{id}
PATCH /api/club
"""
ORGANISERS_SESSIONS: Final = """
PATCH,DELETE /api/members/{id}
POST /members/{id}/role/{role} /members/{id}/password-link /members/{id}/remove
POST /members/invitations /members/invitations/{id}/revoke /members/requests/{id}/approve
POST /members/requests/{id}/refuse /members/club /api/members/{id}/password-link
GET /stream /stream/events /stream/events/{id} /stream/dead-letters /stream/dead-letters/group
GET /stream/asyncapi /members/{id}
POST /stream/subscribers/{name}/pause /stream/subscribers/{name}/resume
POST /stream/dead-letters/retry /stream/dead-letters/discard
"""
"""Routes for organisers with a password: a token neither changes members nor sends forms."""
BODIES: Final = {"PUT /api/password": {"password": "wrong", "new_password": "battery staple"}}
"""Bodies of routes that read their body before they ask who sends it."""


class Right(NamedTuple):
    """The status of a refusal for each kind of sender; None where the sender may call."""

    visitor: int | None = 401
    member: int | None = None
    member_token: int | None = None
    organiser: int | None = None
    organiser_token: int | None = None


def routes(listed: str) -> Sequence[str]:
    """Return the routes of a list, each as a method and a path."""
    return [
        f"{method} {path}"
        for methods, *paths in (line.split() for line in listed.strip().splitlines())
        for method in methods.split(",")
        for path in paths
    ]


RIGHTS: Final = {
    ANYBODY: Right(None),
    READERS: Right(None),
    MEMBERS: Right(),
    REGISTRARS: Right(member=403, member_token=403),
    SESSIONS: Right(member_token=403, organiser_token=403),
    ORGANISERS: Right(member=403, member_token=403),
    ORGANISERS_SESSIONS: Right(member=403, member_token=403, organiser_token=403),
}
ROUTES: Final = [(route, right) for listed, right in RIGHTS.items() for route in routes(listed)]
REFUSALS: Final = {"not-signed-in": 401, "not-allowed": 403}


@pytest.fixture
def senders(client: TestClient, organiser: Person, member: Person) -> Senders:
    """The senders of a right, each with its cookies and headers."""

    def bearer(person: Person) -> dict[str, str]:
        token = person.post("/api/tokens", json={"name": "a script"}).json()["token"]
        return {"Authorization": f"Bearer {token}"}

    return {
        "visitor": (Person(client), {}),
        "member": (member, {}),
        "member_token": (Person(client), bearer(member)),
        "organiser": (organiser, {}),
        "organiser_token": (Person(client), bearer(organiser)),
    }


def call(sender: Sender, route: str, book: str) -> Any:
    """Call the route with an empty body of the right kind."""
    person, headers = sender
    method, path = route.split()
    path = path.replace("/books/{id}", f"/books/{book}").replace("{role}", "member")
    path = re.sub(r"\{\w+\}", NONE, path)
    body: dict[str, Any] = {"headers": headers}
    if method != "GET" and path.startswith("/api/"):
        body["json"] = BODIES.get(route, {})
    elif method == "POST":
        body |= {"content": b"", "headers": headers | {"Content-Type": FORM}}
    return person.request(method, path, **body)


def refusal(answer: Any) -> int | None:
    """Return the status of an answer that refuses the sender, None for any other answer."""
    kind = re.search(r"urn:reading-club:problem:([\w-]+)", answer.text)
    if kind is None:
        return 401 if "Your session has ended" in answer.text else None
    return REFUSALS.get(kind[1])


def test_each_route_has_a_right() -> None:
    """A route that is not in the list of rights fails this test."""
    found = [
        f"{method} {re.sub(r':uuid', '', route.path)}"
        for part in PARTS
        for route in part.router.routes
        for method in route.methods
    ]

    assert sorted(found) == sorted(route for route, _ in ROUTES)


@pytest.mark.parametrize(("route", "right"), [r for r in ROUTES if r[1] != Right(None)])
def test_who_has_no_right_is_refused(
    organiser: Person,
    senders: Senders,
    route: str,
    right: Right,
) -> None:
    """401 for visitors, 403 for members and tokens; the others get any other answer."""
    book = organiser.post("/api/books", json=BOOK).json()["id"]

    for name, status in right._asdict().items():
        answer = call(senders[name], route, book)

        assert (name, refusal(answer)) == (name, status), answer.text
        assert status is None or answer.status_code == status


def test_what_is_for_anybody_refuses_nobody(organiser: Person, senders: Senders) -> None:
    """A visitor is not asked to log in; a club for members asks a visitor who reads."""
    book = organiser.post("/api/books", json=BOOK).json()["id"]
    organiser.patch("/api/club", json={"may_ask_to_join": True}, headers={"If-Match": "*"})
    for route in (*routes(ANYBODY), *routes(READERS)):
        assert refusal(call(senders["visitor"], route, book)) is None, route
    organiser.patch("/api/club", json={"open_to_read": False}, headers={"If-Match": "*"})

    for route in routes(READERS):
        assert (route, refusal(call(senders["visitor"], route, book))) == (route, 401)
        for name in ("member", "member_token"):
            assert refusal(call(senders[name], route, book)) is None
