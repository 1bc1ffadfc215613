"""The page ``/members`` and its forms, without JavaScript."""

import re
from collections.abc import Callable

import pytest
from lastuuid import uuid7

from reading_club.app.testing.person import HTML, Person, follow, id_of, send
from reading_club.service.accounts.accounts import Role

ANN = {"nickname": "Ann", "password": "correct horse"}


def test_the_page_is_for_members(visitor: Person, member: Person) -> None:
    """A visitor is led to the log-in; a member sees the list, and no form."""
    led = visitor.get("/members", headers=HTML)
    page = member.get("/members").text

    assert led.headers["location"] == "/login?next=%2Fmembers"
    assert "<bdi>Olga</bdi>" in page
    assert "<bdi>Mo</bdi>" in page
    assert "2 people" in page
    assert "<form" not in page
    assert 'href="/members/' not in page


def test_an_organiser_alone_is_told_what_to_do(organiser: Person) -> None:
    """The blank slate leads to the form for an invitation."""
    page = organiser.get("/members").text

    assert "You are alone here." in page
    assert 'href="#invite"' in page
    assert "/revoke" not in page
    assert "1 person<" in page


def test_the_link_of_an_invitation_is_shown_once(organiser: Person, visitor: Person) -> None:
    """It is on the page that follows the form, to be copied; afterwards it can be revoked."""
    page = send(organiser, "/members/invitations", days="3", uses="2")
    (token,) = re.findall(r'value="http://testserver/join\?token=([\w-]{43})"', page.text)
    listed = organiser.get("/members").text

    assert page.status_code == 200
    assert "it is not shown again" in page.text
    assert token not in listed
    assert "For 2 people" in listed
    assert visitor.post("/join", data={**ANN, "token": token}).status_code == 303
    (revoke,) = re.findall(r'action="(/members/invitations/[\w-]+/revoke)"', listed)
    assert "The invitation is revoked" in follow(organiser, send(organiser, revoke))
    assert "/revoke" not in organiser.get("/members").text
    assert send(organiser, revoke).status_code == 404


@pytest.mark.parametrize(
    ("field", "value", "complaint"),
    [
        ("days", "0", "The days must be at least 1."),
        ("days", "soon", "The days must be a whole number."),
        ("uses", "201", "The uses must be at most 200."),
        ("uses", "", "The uses must be a whole number."),
    ],
)
def test_wrong_terms_are_shown_at_their_field(
    organiser: Person, field: str, value: str, complaint: str
) -> None:
    """The error is at the field, in the summary and in the title; what was typed stays."""
    answer = send(organiser, "/members/invitations", **{"days": "9", "uses": "8", field: value})

    assert answer.status_code == 422
    assert "<title>Error: " in answer.text
    assert f'<p class="error" id="{field}-error">{complaint}</p>' in answer.text
    assert f'<a href="#{field}">{complaint}</a>' in answer.text
    assert f'id="{field}" name="{field}" value="{value}"' in answer.text
    assert organiser.get("/api/invitations").json() == {"items": []}


def test_requests_to_join_are_answered_on_the_page(organiser: Person, visitor: Person) -> None:
    """One is let in and one refused; a request with its answer is not found."""
    send(organiser, "/members/club", name="Owls", may_ask_to_join="yes", version="0")
    for nickname in ("Ann", "Eve"):
        visitor.post("/join/request", data={**ANN, "nickname": nickname})
    page = organiser.get("/members").text
    ann, eve = re.findall(r'action="/members/requests/([\w-]+)/approve"', page)

    assert "Waiting to join" in page
    approved = send(organiser, f"/members/requests/{ann}/approve")
    refused = send(organiser, f"/members/requests/{eve}/refuse")
    assert "The club has a new member." in follow(organiser, approved)
    after = follow(organiser, refused)
    assert "The request is deleted." in after
    assert "<bdi>Ann</bdi>" in after
    assert "Eve" not in after
    assert "Waiting to join" not in after
    assert send(organiser, f"/members/requests/{eve}/refuse").status_code == 404


def test_the_settings_are_changed_by_their_form(organiser: Person, visitor: Person) -> None:
    """Boxes that are not ticked are off; a name that does not fit is shown at its field."""
    answer = send(organiser, "/members/club", name="Owls", may_ask_to_join="yes", version="0")
    page = follow(organiser, answer)
    wrong = send(organiser, "/members/club", name=" ", open_to_read="yes", version="1")

    assert "The settings are stored." in page
    assert visitor.get("/api/club").json() == {
        "name": "Owls",
        "open_to_read": False,
        "may_ask_to_join": True,
    }
    assert wrong.status_code == 422
    assert "The name must not be empty." in wrong.text
    assert 'name="open_to_read" value="yes" checked' in wrong.text
    assert 'name="may_ask_to_join" value="yes" aria' in wrong.text
    assert "for Owls" not in wrong.text


def test_settings_that_another_organiser_changed_meanwhile(organiser: Person) -> None:
    """The second form is not stored, keeps its text, and is stored when it is sent again."""
    send(organiser, "/members/club", name="First", version="0")
    answer = send(organiser, "/members/club", name="Second", version="0")
    (version,) = re.findall(r'name="version" value="(\d+)"', answer.text)

    assert answer.status_code == 422
    assert "Another organiser changed the settings meanwhile." in answer.text
    assert 'value="Second"' in answer.text
    assert organiser.get("/api/club").json()["name"] == "First"
    again = send(organiser, "/members/club", name="Second", version=version)
    assert "The settings are stored." in follow(organiser, again)


FORMS = (
    "/members/invitations",
    "/members/invitations/{other}/revoke",
    "/members/requests/{other}/approve",
    "/members/requests/{other}/refuse",
    "/members/{id}/role/organiser",
    "/members/{id}/remove",
    "/members/{id}/password-link",
    "/members/club",
)


@pytest.mark.parametrize("form", FORMS)
def test_forms_are_for_organisers(
    visitor: Person, member: Person, organiser: Person, form: str
) -> None:
    """401 for a visitor, 403 for a member, and nothing is stored."""
    path = form.format(id=id_of(member), other=uuid7())
    fields = {"days": "7", "uses": "1", "name": "Mine", "version": "0"}
    before = [organiser.get(f"/api/{name}").json() for name in ("members", "invitations", "club")]

    assert send(visitor, path, **fields).status_code == 401
    assert send(member, path, **fields).status_code == 403
    assert visitor.get(f"/members/{id_of(member)}").status_code == 401
    assert member.get(f"/members/{id_of(member)}").status_code == 403
    after = [organiser.get(f"/api/{name}").json() for name in ("members", "invitations", "club")]
    assert after == before


def test_nicknames_are_shown_as_text(
    organiser: Person, enter: Callable[[str, Role], Person], visitor: Person
) -> None:
    """Markup is escaped in lists, on the page of a member and in labels."""
    script = "<script>alert(1)</script>"
    evil = enter(script, Role.MEMBER)
    send(organiser, "/members/club", name="Owls", may_ask_to_join="yes", version="0")
    visitor.post("/join/request", data={**ANN, "nickname": f'"{script}'})

    for path in ("/members", f"/members/{id_of(evil)}"):
        page = organiser.get(path).text
        assert "<script" not in page
        assert "<bdi>&lt;script&gt;" in page
        assert 'aria-label="Let "' not in page
