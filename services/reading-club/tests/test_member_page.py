"""The page of one member, ``/members/{id}``."""

import re

from reading_club.app.testing.person import HTML, Person, follow, id_of, send

ANN = {"nickname": "Ann", "password": "correct horse"}


def test_a_role_is_changed_on_the_page_of_the_member(organiser: Person, member: Person) -> None:
    """A button makes an organiser, and a member again."""
    path = f"/members/{id_of(member)}"
    assert f'href="{path}"' in organiser.get("/members").text
    assert "Make an organiser" in organiser.get(path).text

    page = follow(organiser, send(organiser, f"{path}/role/organiser"))

    assert "The role is changed." in page
    assert "Make a member" in page
    assert member.get("/api/me").json()["role"] == "organiser"


def test_the_last_organiser_is_told_why_not(organiser: Person, member: Person) -> None:
    """Neither a demotion nor leaving is stored; with a second organiser both are."""
    path = f"/members/{id_of(organiser)}"

    for form in ("role/member", "remove"):
        answer = send(organiser, f"{path}/{form}")
        assert answer.status_code == 422
        assert "This is the last organiser: make another member one first." in answer.text
    assert organiser.get("/api/me").json()["role"] == "organiser"

    send(organiser, f"/members/{id_of(member)}/role/organiser")
    assert "You have left the club." in follow(organiser, send(organiser, f"{path}/remove"))
    assert organiser.get("/api/me").status_code == 401


def test_a_former_organiser_sees_the_list(organiser: Person, member: Person) -> None:
    """After an organiser's own demotion the page of the members follows."""
    send(organiser, f"/members/{id_of(member)}/role/organiser")

    page = follow(organiser, send(organiser, f"/members/{id_of(organiser)}/role/member"))

    assert "<form" not in page


def test_a_member_is_removed_on_the_page(organiser: Person, member: Person) -> None:
    """The notice says that the reviews stay, and the page of the member is gone."""
    path = f"/members/{id_of(member)}"

    page = follow(organiser, send(organiser, f"{path}/remove"))

    assert "The member is removed." in page
    assert "<bdi>Mo</bdi>" not in page
    assert member.get("/api/me").status_code == 401
    gone = organiser.get(path, headers=HTML)
    assert gone.status_code == 404
    assert "This member is not in the club" in gone.text


def test_the_link_for_a_password_is_shown_once(
    organiser: Person, member: Person, visitor: Person
) -> None:
    """It leads to the form for a new password."""
    path = f"/members/{id_of(member)}"

    page = send(organiser, f"{path}/password-link").text
    (token,) = re.findall(r'value="http://testserver/password\?token=([\w-]{43})"', page)

    assert token not in organiser.get(path).text
    form = {"token": token, "new_password": "battery staple"}
    assert visitor.post("/password", data=form).status_code == 303
