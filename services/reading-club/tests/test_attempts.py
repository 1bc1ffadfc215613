"""Attempts that must fail: script in every field, forms of other sites, and races for one link."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient

from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.app.testing.person import Person
from reading_club.app.web.static_files import static_url
from reading_club.service.accounts.accounts import Role

PASSWORD = "correct horse"
BOOK = {"title": "Domain-Driven Design", "author": "Eric Evans", "isbn": "0-321-12521-5"}
SCRIPT = "\"'><script>alert(7)</script>"
OURS = f'<script src="{static_url("live.js")}" defer></script>'
"""The script of the club itself."""
HTML = {"Accept": "text/html"}
ENTER = Callable[[str, Role], Person]
FOREIGN = (
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://testserver"},
    {"Origin": "http://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://testserver:8001"},
)
"""Headers of a browser on another site: with and without Sec-Fetch-Site, which plain http lacks."""


def members(organiser: Person) -> Sequence[str]:
    """Return the nicknames of the members, in order."""
    return sorted(each["nickname"] for each in organiser.get("/api/members").json()["items"])


def pages_of(evil: Person, visitor: Person) -> Sequence[Any]:
    """Put script into each field that is shown, and return every page that shows one."""
    book = evil.post("/api/books", json={**BOOK, "title": SCRIPT, "author": SCRIPT}).json()["id"]
    review = {"rating": 7, "comment": f"</textarea>{SCRIPT}"}
    evil.put(f"/api/books/{book}/review", json=review)
    settings = {"name": SCRIPT, "may_ask_to_join": True}
    evil.patch("/api/club", json=settings, headers={"If-Match": "*"})
    evil.post("/api/tokens", json={"name": SCRIPT})
    said = {"nickname": SCRIPT, "password": PASSWORD}
    Person(evil.client).post("/api/session", json=said, headers={"User-Agent": SCRIPT})
    visitor.post("/join/request", data={"nickname": f"{SCRIPT} Ann", "password": PASSWORD})
    me = evil.get("/api/me").json()["id"]
    asked = {"q": SCRIPT, "said": SCRIPT, "next": SCRIPT, "token": SCRIPT, "cursor": SCRIPT}
    paths = (
        *("/", "/activity", "/members", f"/members/{me}", "/account", f"/books/{book}"),
        *("/books/new", "/login", "/join", "/welcome", "/privacy", "/nowhere", f"/{SCRIPT}"),
    )
    forms = (
        *("/login", "/join", "/welcome", "/password", "/join/request", "/books"),
        *("/members/invitations", "/members/club", "/account/tokens", "/account/password"),
        *(f"/books/{book}/review", "/account/leave"),
    )
    names = (
        *("nickname", "password", "token", "next", "title", "author", "isbn", "name", "days"),
        *("uses", "rating", "comment", "version", "new_password", "leave_password", "erase"),
    )
    fields = dict.fromkeys(names, SCRIPT)
    return [
        *(evil.get(path, headers=HTML) for path in paths),
        *(evil.get(path, params=asked, headers=HTML) for path in paths),
        *(evil.get(path, params={"q": SCRIPT, "said": SCRIPT}, headers=HTML) for path in paths),
        *(visitor.get(path, params={"next": SCRIPT}, headers=HTML) for path in paths),
        *(evil.post(path, data=fields, headers=HTML) for path in forms),
        *(visitor.post(path, data=fields, headers=HTML) for path in forms),
    ]


def test_script_in_every_field_is_text(enter: ENTER, visitor: Person) -> None:
    """No page has an element or an attribute of what a member typed."""
    pages = pages_of(enter(SCRIPT, Role.ORGANISER), visitor)

    shown = "".join(page.text for page in pages)
    assert "alert(7)" in shown
    for page in pages:
        assert page.status_code < 500
        assert "<script" not in page.text.replace(OURS, "")
        assert SCRIPT not in page.text


@pytest.mark.parametrize("headers", FOREIGN)
def test_a_form_of_another_site_does_nothing_with_the_session(
    organiser: Person, member: Person, headers: dict[str, str]
) -> None:
    """403 for each form, though the browser sends the cookie."""
    id_ = member.get("/api/me").json()["id"]
    forms = (
        *("/logout", "/members/invitations", "/members/club", f"/members/{id_}/remove"),
        *(f"/members/{id_}/role/organiser", f"/members/{id_}/password-link"),
        *("/account/tokens", "/account/password", "/account/leave", "/login"),
    )
    fields = {"password": PASSWORD, "leave_password": PASSWORD, "name": "x", "version": "0"}
    for form in forms:
        answer = organiser.post(form, data=fields | {"days": "7", "uses": "1"}, headers=headers)
        assert (form, answer.status_code) == (form, 403)
        assert "set-cookie" not in answer.headers

    assert members(organiser) == ["Mo", "Olga"]
    assert organiser.get("/api/invitations").json() == {"items": []}
    assert organiser.get("/api/tokens").json() == {"items": []}


def test_of_parallel_claims_of_the_club_one_is_its_organiser(
    client: TestClient, welcome: str, transport: RecordingOutboxTransport
) -> None:
    """One is 201, the others are 403, and one event is sent."""
    said = {"password": PASSWORD, "token": welcome}

    def claim_as(nickname: str) -> int:
        return client.post("/api/welcome", json={**said, "nickname": nickname}).status_code

    with ThreadPoolExecutor(5) as threads:
        statuses = sorted(threads.map(claim_as, ("Ann", "Ben", "Cat", "Dan", "Eve")))

    assert statuses == [201, 403, 403, 403, 403]
    assert len(transport.handed_over) == 1


def test_parallel_attempts_at_a_password_are_counted(client: TestClient, member: Person) -> None:
    """Of forty at once at most ten are made."""
    wrong = {"nickname": "Mo", "password": "wrong horse"}

    def attempt(_: int) -> int:
        return client.post("/api/session", json=wrong).status_code

    with ThreadPoolExecutor(20) as threads:
        statuses = list(threads.map(attempt, range(40)))

    assert (statuses.count(401), statuses.count(429)) == (10, 30)
    assert member.get("/api/me").status_code == 200


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "GET"])
@pytest.mark.parametrize("header", ["X-HTTP-Method-Override", "X-Method-Override"])
def test_no_method_stands_for_another(organiser: Person, method: str, header: str) -> None:
    """A safe method, which other sites may send, changes nothing, whatever its headers say."""
    for path in ("/logout", "/members/club", "/members/invitations", "/api/invitations"):
        answer = organiser.request(
            method,
            f"{path}?_method=POST",
            headers={header: "POST", "Origin": "http://evil.example"},
        )
        assert answer.status_code in {200, 405}

    assert organiser.get("/api/invitations").json() == {"items": []}


def test_a_cookie_of_a_visitor_is_not_taken_over(client: TestClient, organiser: Person) -> None:
    """Who logs in gets a session's id of the club's, not the one that the browser brought."""
    fixed = Person(client)
    fixed.cookies["session"] = "chosen-by-another"
    said = {"nickname": "Olga", "password": PASSWORD}

    assert fixed.post("/api/session", json=said).status_code == 201
    assert fixed.cookies["session"] not in {"chosen-by-another", organiser.cookies["session"]}
    fixed.cookies["session"] = "chosen-by-another"
    assert fixed.get("/api/me").status_code == 401
