"""``/api/members``: roles, removal, and links for forgotten passwords."""

from typing import Any

import pytest
from lastuuid import uuid7

from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.app.testing.person import Person

PASSWORD = "correct horse"
NEW = "battery staple"


def id_of(person: Person) -> str:
    """Return the id of a member's account."""
    identifier: str = person.get("/api/me").json()["id"]
    return identifier


def roles(person: Person) -> dict[str, str]:
    """Return the role of each member by nickname."""
    items: list[dict[str, Any]] = person.get("/api/members").json()["items"]
    return {item["nickname"]: item["role"] for item in items}


def test_members_see_who_is_in_the_club(visitor: Person, member: Person, organiser: Person) -> None:
    """The oldest member first, without credentials; 401 for a visitor."""
    items = member.get("/api/members").json()["items"]

    assert [item["nickname"] for item in items] == ["Olga", "Mo"]
    assert set(items[0]) == {"id", "reviewer_id", "nickname", "role", "joined_at"}
    assert organiser.get("/api/members").json()["items"] == items
    assert visitor.get("/api/members").status_code == 401


def test_only_organisers_change_members(visitor: Person, member: Person, organiser: Person) -> None:
    """401 for a visitor and 403 for a member, also about herself; nothing changes."""
    for person, status in ((visitor, 401), (member, 403)):
        for id_ in (id_of(member), id_of(organiser)):
            url = f"/api/members/{id_}"
            assert person.patch(url, json={"role": "organiser"}).status_code == status
            assert person.delete(url).status_code == status
            assert person.post(f"{url}/password-link").status_code == status
    assert roles(organiser) == {"Olga": "organiser", "Mo": "member"}


def test_an_organiser_changes_a_role(member: Person, organiser: Person) -> None:
    """The new organiser may invite, and no longer after the change back."""
    url = f"/api/members/{id_of(member)}"

    promoted = organiser.patch(url, json={"role": "organiser"})
    assert (promoted.status_code, promoted.json()["role"]) == (200, "organiser")
    assert member.post("/api/invitations", json={}).status_code == 201
    assert organiser.patch(url, json={"role": "member"}).json()["role"] == "member"
    assert member.post("/api/invitations", json={}).status_code == 403


@pytest.mark.parametrize("body", [{}, {"role": "owner"}, {"role": "member", "nickname": "Mia"}])
def test_a_wrong_role_is_refused(member: Person, organiser: Person, body: dict[str, str]) -> None:
    """422, and the role stays."""
    url = f"/api/members/{id_of(member)}"

    assert organiser.patch(url, json=body).status_code == 422
    assert roles(organiser)["Mo"] == "member"


def test_the_last_organiser_stays(member: Person, organiser: Person) -> None:
    """409 for a demotion and for leaving; with a second organiser both are possible."""
    url = f"/api/members/{id_of(organiser)}"

    assert organiser.patch(url, json={"role": "member"}).status_code == 409
    assert organiser.delete(url).status_code == 409
    assert roles(organiser)["Olga"] == "organiser"

    organiser.patch(f"/api/members/{id_of(member)}", json={"role": "organiser"})
    left = organiser.delete(url)
    assert left.status_code == 204
    assert "session" not in organiser.cookies
    assert roles(member) == {"Mo": "organiser"}


def test_a_removed_member_is_out_and_the_nickname_stays_taken(
    member: Person, organiser: Person, visitor: Person, transport: RecordingOutboxTransport
) -> None:
    """204: the session ends, a log-in is refused, the reviewer with its reviews stays."""
    me, before = member.get("/api/me").json(), len(transport.handed_over)

    assert organiser.delete(f"/api/members/{me['id']}").status_code == 204
    assert member.get("/api/me").status_code == 401
    said = {"nickname": "Mo", "password": PASSWORD}
    assert visitor.post("/api/session", json=said).status_code == 401
    assert visitor.get(f"/api/reviewers/{me['reviewer_id']}").json()["nickname"] == "Mo"
    assert organiser.delete(f"/api/members/{me['id']}").status_code == 404
    assert len(transport.handed_over) == before


def test_unknown_members_are_not_found(organiser: Person) -> None:
    """404 for each operation on an id that no member has."""
    url = f"/api/members/{uuid7()}"

    assert organiser.patch(url, json={"role": "member"}).status_code == 404
    assert organiser.delete(url).status_code == 404
    assert organiser.post(f"{url}/password-link").status_code == 404


def test_a_password_link_sets_a_new_password_once(
    member: Person, organiser: Person, visitor: Person
) -> None:
    """Sessions and the old password end; the link is used up, and works nowhere else."""
    made = organiser.post(f"/api/members/{id_of(member)}/password-link")
    token = made.json()["token"]
    assert made.status_code == 201
    assert set(made.json()) == {"url", "token", "expires_at"}
    assert made.json()["url"] == f"http://testserver/password?token={token}"
    assert f'value="{token}"' in visitor.get(f"/password?token={token}").text

    answer = visitor.post("/password", data={"token": token, "new_password": NEW})
    again = visitor.post("/password", data={"token": token, "new_password": "another one"})

    assert (answer.status_code, answer.headers["location"]) == (303, "/?said=password")
    assert visitor.get("/api/me").json()["nickname"] == "Mo"
    assert again.status_code == 403
    assert member.get("/api/me").status_code == 401
    for password, status in ((PASSWORD, 401), ("another one", 401), (NEW, 201)):
        said = {"nickname": "Mo", "password": password}
        assert Person(visitor.client).post("/api/session", json=said).status_code == status
