"""``/api/welcome``, ``/api/session`` and ``/api/me``."""

import pytest
from fastapi.testclient import TestClient

from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.app.application import Application
from reading_club.app.testing.person import Person, problem_of
from reading_club.app.web.application import create_app
from reading_club.app.web.policy import WebPolicy

PASSWORD = "correct horse"
OLGA = {"nickname": "Olga", "password": PASSWORD}
BOOK = {"title": "Domain-Driven Design", "author": "Eric Evans", "isbn": "0-321-12521-5"}


def test_the_welcome_link_makes_an_organiser_once(
    visitor: Person, welcome: str, transport: RecordingOutboxTransport
) -> None:
    """201 and a session; a second use of the link is refused, and stores nothing."""
    answer = visitor.post("/api/welcome", json={**OLGA, "token": welcome})
    again = Person(visitor.client).post(
        "/api/welcome", json={"nickname": "Eve", "password": PASSWORD, "token": welcome}
    )

    assert answer.status_code == 201
    assert answer.json()["role"] == "organiser"
    assert visitor.get("/api/me").json() == answer.json()
    assert problem_of(again) == (403, "link-not-valid")
    assert [event["type"] for event in transport.handed_over] == ["reviewer_created_v1"]


@pytest.mark.parametrize(
    ("field", "value", "detail"),
    [
        ("nickname", "", "must not be empty"),
        ("nickname", "\u202eOlga", "must not contain control characters"),
        ("nickname", "\u200b", "must have a visible character"),
        ("password", "short", "must have at least 8 characters"),
        ("password", "x" * 201, "must not be longer than 200 characters"),
    ],
)
def test_a_refused_sign_up_does_not_use_up_the_link(
    visitor: Person, welcome: str, field: str, value: str, detail: str
) -> None:
    """The error names the field, and does not repeat the password; the link works still."""
    refused = visitor.post("/api/welcome", json={**OLGA, "token": welcome, field: value})
    answer = visitor.post("/api/welcome", json={**OLGA, "token": welcome})

    assert problem_of(refused) == (422, "invalid-request")
    assert refused.json()["errors"] == [{"field": field, "detail": detail}]
    assert field != "password" or value not in refused.text
    assert answer.status_code == 201


def test_the_nickname_is_no_password(visitor: Person, welcome: str) -> None:
    """A password that looks like the nickname is refused."""
    said = {"nickname": "Olga Organiser", "password": "OLGA  ORGANISER", "token": welcome}

    answer = visitor.post("/api/welcome", json=said)

    assert answer.json()["errors"] == [{"field": "password", "detail": "must not be the nickname"}]


def test_a_guessed_link_is_refused_before_a_password_is_hashed(
    visitor: Person, application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong token costs no hash."""
    monkeypatch.setattr(application.passwords, "hash", None)

    answer = visitor.post("/api/welcome", json={**OLGA, "token": "guessed"})

    assert problem_of(answer) == (403, "link-not-valid")


def test_a_member_logs_in_and_out(organiser: Person, visitor: Person) -> None:
    """201 and a cookie that scripts do not see; after log-out the session is worth nothing."""
    answer = visitor.post("/api/session", json=OLGA)
    cookie = answer.headers["set-cookie"]
    session = dict(visitor.cookies)
    assert visitor.get("/api/me").status_code == 200
    out = visitor.delete("/api/session")
    visitor.cookies = session

    assert answer.status_code == 201
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert session["session"] != organiser.cookies["session"]
    assert out.status_code == 204
    assert problem_of(visitor.get("/api/me")) == (401, "not-signed-in")
    assert organiser.get("/api/me").status_code == 200


def test_a_log_in_ends_the_session_before(organiser: Person) -> None:
    """The session's id is another one after a log-in, and the old one has ended."""
    before = dict(organiser.cookies)

    organiser.post("/api/session", json=OLGA)
    after = dict(organiser.cookies)
    organiser.cookies = before

    assert after != before
    assert organiser.get("/api/me").status_code == 401


@pytest.mark.usefixtures("organiser")
@pytest.mark.parametrize("said", [{"nickname": "Nobody"}, {"password": "wrong horse"}])
def test_unknown_and_wrong_are_the_same_answer(visitor: Person, said: dict[str, str]) -> None:
    """Neither tells which nicknames there are."""
    answer = visitor.post("/api/session", json={**OLGA, **said})

    assert problem_of(answer) == (401, "wrong-credentials")
    assert answer.json()["detail"] == "the nickname or the password is wrong"
    assert "set-cookie" not in answer.headers


def test_a_forged_cookie_is_a_visitor(visitor: Person) -> None:
    """It opens nothing, and what anybody may read is shown."""
    visitor.cookies["session"] = "forged"

    assert visitor.get("/api/me").status_code == 401
    assert visitor.get("/api/books").status_code == 200


def test_a_token_that_is_not_valid_is_refused_everywhere(client: TestClient) -> None:
    """A program with a wrong token is told so, also where anybody may read."""
    for value in ("Bearer forged", "Basic T2xnYTp4", "Bearer"):
        answer = client.get("/api/me", headers={"authorization": value})

        assert problem_of(answer) == (401, "not-signed-in")
        assert answer.headers["www-authenticate"].startswith("Bearer")


def test_only_members_write_in_a_claimed_club(
    visitor: Person, organiser: Person, member: Person, transport: RecordingOutboxTransport
) -> None:
    """A visitor gets 401 and nothing is stored; a page leads to the log-in and back."""
    before = len(transport.handed_over)
    page = visitor.get("/books/new", headers={"accept": "text/html"})

    assert problem_of(visitor.post("/api/books", json=BOOK)) == (401, "not-signed-in")
    assert visitor.post("/books", data=BOOK).status_code == 401
    assert len(transport.handed_over) == before
    assert page.status_code == 303
    assert page.headers["location"] == "/login?next=%2Fbooks%2Fnew"
    assert member.post("/api/books", json=BOOK).status_code == 201
    assert organiser.get("/books/new").status_code == 200


def test_a_web_process_never_has_open_writes(visitor: Person, application: Application) -> None:
    """Unclaimed and not under ``run``, nothing is written without an account."""
    application.open_until_claimed = False

    assert visitor.post("/api/books", json=BOOK).status_code == 401


@pytest.mark.usefixtures("organiser")
def test_over_tls_the_cookie_is_of_this_host_alone(application: Application) -> None:
    """It is ``__Host-session`` and Secure, and the cookie of plain http opens nothing."""
    app = create_app(application, WebPolicy(origin="https://club.example"))
    with TestClient(app, base_url="https://club.example") as client:
        answer = client.post("/api/session", json=OLGA)
        secret = client.cookies["__Host-session"]
        client.cookies.clear()
        client.cookies.set("session", secret)
        me = client.get("/api/me")

    assert answer.headers["set-cookie"].startswith("__Host-session=")
    assert "Secure" in answer.headers["set-cookie"]
    assert "Domain" not in answer.headers["set-cookie"]
    assert me.status_code == 401
