"""``/api/sessions``, ``/api/tokens``, ``/api/password``, and the page of a link for one."""

from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from reading_club.app.application import Application
from reading_club.app.testing.person import Person, problem_of
from reading_club.service.accounts.secrets import hash_of, new_secret

PASSWORD, NEW = "correct horse", "battery staple"
OLGA = {"nickname": "Olga", "password": PASSWORD}


@pytest.fixture
def link(client: TestClient, application: Application, organiser: Person) -> str:
    """The secret of a link with which Olga can set a new password."""
    account_id = UUID(organiser.get("/api/me").json()["id"])
    secret = new_secret()

    async def store() -> None:
        async with application.writing() as transaction:
            links = transaction.uow.password_links
            await links.add(hash_of(secret), account_id=account_id, created_by=account_id)

    assert client.portal is not None
    client.portal.call(store)
    return secret


def test_sessions_are_listed_and_ended(organiser: Person, second: Person) -> None:
    """Each browser sees which one it is, and can log the other one out."""
    items = organiser.get("/api/sessions").json()["items"]
    (other,) = [session["id"] for session in items if not session["is_current"]]
    ended = organiser.delete(f"/api/sessions/{other}")

    assert len(items) == 2
    assert ended.status_code == 204
    assert second.get("/api/me").status_code == 401
    assert organiser.delete(f"/api/sessions/{other}").status_code == 404
    assert organiser.delete("/api/sessions/none").status_code == 422


def test_nobody_ends_the_session_of_another(organiser: Person, member: Person) -> None:
    """It is as if there were no such session."""
    (session,) = organiser.get("/api/sessions").json()["items"]

    assert member.delete(f"/api/sessions/{session['id']}").status_code == 404
    assert organiser.get("/api/me").status_code == 200


def test_a_token_acts_for_the_member_until_it_is_revoked(organiser: Person, client: Any) -> None:
    """It is shown once; the list has its name and its last use."""
    made = organiser.post("/api/tokens", json={"name": "a script"}).json()
    bearer = {"authorization": f"Bearer {made['token']}"}
    me = client.get("/api/me", headers=bearer)
    listed = organiser.get("/api/tokens")
    revoked = organiser.delete(f"/api/tokens/{made['id']}")

    assert me.json()["nickname"] == "Olga"
    (token,) = listed.json()["items"]
    assert (token["id"], token["name"]) == (made["id"], "a script")
    assert token["last_used_at"] is not None
    assert made["token"] not in listed.text
    assert revoked.status_code == 204
    assert client.get("/api/me", headers=bearer).status_code == 401
    assert organiser.delete(f"/api/tokens/{made['id']}").status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/tokens", {"name": "another"}),
        ("GET", "/api/tokens", None),
        ("GET", "/api/sessions", None),
        ("DELETE", f"/api/sessions/{'0' * 64}", None),
        ("PUT", "/api/password", {"password": PASSWORD, "new_password": NEW}),
        ("DELETE", "/api/session", None),
    ],
)
def test_a_token_cannot_do_what_a_password_is_for(
    organiser: Person, client: TestClient, method: str, path: str, body: dict[str, str] | None
) -> None:
    """403 with a token, 401 without; nothing changes."""
    made = organiser.post("/api/tokens", json={"name": "a script"}).json()
    bearer = {"authorization": f"Bearer {made['token']}"}

    assert problem_of(client.request(method, path, json=body, headers=bearer)) == (
        403,
        "not-allowed",
    )
    assert problem_of(client.request(method, path, json=body)) == (401, "not-signed-in")
    assert len(organiser.get("/api/tokens").json()["items"]) == 1


def test_a_new_password_ends_the_other_sessions(organiser: Person, second: Person) -> None:
    """The browser that changed it stays logged in."""
    change = {"password": PASSWORD, "new_password": NEW}

    assert organiser.put("/api/password", json=change).status_code == 204
    assert organiser.get("/api/me").status_code == 200
    assert second.get("/api/me").status_code == 401
    assert second.post("/api/session", json=OLGA).status_code == 401
    assert second.post("/api/session", json={**OLGA, "password": NEW}).status_code == 201


@pytest.mark.parametrize(
    ("change", "status", "fields"),
    [
        ({"password": "wrong horse", "new_password": NEW}, 403, ["password"]),
        ({"password": PASSWORD, "new_password": "short"}, 422, ["new_password"]),
        ({"password": PASSWORD, "new_password": "OLGA olga"}, 204, []),
        ({"new_password": NEW}, 422, ["body"]),
        ({"password": PASSWORD, "token": "t", "new_password": NEW}, 422, ["body"]),
    ],
)
def test_a_password_that_is_refused_changes_nothing(
    organiser: Person, second: Person, change: dict[str, str], status: int, fields: list[str]
) -> None:
    """The error names the field, and repeats no password."""
    answer = organiser.put("/api/password", json=change)

    assert answer.status_code == status
    if status != 204:
        assert [error["field"] for error in answer.json()["errors"]] == fields
        assert not any(word in answer.text for word in change.values() if len(word) > 4)
        assert second.get("/api/me").status_code == 200


def test_a_link_replaces_a_forgotten_password(visitor: Person, second: Person, link: str) -> None:
    """It works once, ends all sessions, and logs in the browser that used it."""
    visitor = Person(visitor.client)
    short = visitor.put("/api/password", json={"token": link, "new_password": "short"})
    first = visitor.put("/api/password", json={"token": link, "new_password": NEW})
    again = visitor.put("/api/password", json={"token": link, "new_password": "third password"})

    assert short.status_code == 422
    assert first.status_code == 204
    assert visitor.get("/api/me").status_code == 200
    assert second.get("/api/me").status_code == 401
    assert problem_of(again) == (403, "link-not-valid")


def test_the_page_of_a_link_for_a_new_password(visitor: Person, link: str) -> None:
    """It says whose password it is, keeps the link after an error, and leads to the shelf."""
    shown = visitor.get(f"/password?token={link}").text
    refused = visitor.post("/password", data={"token": link, "new_password": "short"})
    answer = visitor.post("/password", data={"token": link, "new_password": NEW})
    over = visitor.get(f"/password?token={link}", headers={"accept": "text/html"})

    assert "For <bdi>Olga</bdi>." in shown
    assert "The new password must have at least 8 characters." in refused.text
    assert f'value="{link}"' in refused.text
    assert answer.headers["location"] == "/?said=password"
    assert visitor.get("/api/me").status_code == 200
    assert over.status_code == 403
    assert "This link does not let you in" in over.text
