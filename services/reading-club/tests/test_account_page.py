"""The page ``/account``, and leaving the club."""

import re

import pytest

from reading_club.app.testing.person import Person, problem_of

PASSWORD, NEW = "correct horse", "battery staple"
OLGA = {"nickname": "Olga", "password": PASSWORD}


def test_the_account_page_is_for_its_member(visitor: Person, organiser: Person) -> None:
    """A visitor is led to the log-in; the member sees name, role and sessions."""
    led = visitor.get("/account", headers={"accept": "text/html"})
    page = organiser.get("/account").text

    assert led.headers["location"] == "/login?next=%2Faccount"
    assert "<bdi>Olga</bdi>, organiser since" in page
    assert "this browser" in page
    assert "You have written no review yet." in page


def test_the_account_page_changes_the_password(organiser: Person) -> None:
    """An error stands at its field, and success is said."""
    form = {"password": "wrong horse", "new_password": NEW}
    refused = organiser.post("/account/password", data=form)
    answer = organiser.post("/account/password", data={**form, "password": PASSWORD})

    assert refused.status_code == 422
    assert '<p class="error" id="password-error">' in refused.text
    assert "wrong horse" not in refused.text
    assert answer.headers["location"] == "/account?said=password"
    assert "The password is changed." in organiser.get(answer.headers["location"]).text


def test_the_account_page_makes_and_revokes_tokens(organiser: Person) -> None:
    """A token is on the page once, and an empty name is an error at its field."""
    refused = organiser.post("/account/tokens", data={"name": " "})
    made = organiser.post("/account/tokens", data={"name": "<b>script"})
    page = organiser.get("/account").text
    token = organiser.get("/api/tokens").json()["items"][0]["id"]
    revoked = organiser.post(f"/account/tokens/{token}/revoke", data={"sure": "yes"})

    assert refused.status_code == 422
    assert '<p class="error" id="name-error">The name must not be empty.' in refused.text
    (secret,) = re.findall(r"<p><code>([\w-]{43})</code></p>", made.text)
    assert secret not in page
    assert "<bdi>&lt;b&gt;script</bdi>" in page
    assert revoked.headers["location"] == "/account?said=token"
    assert organiser.get("/api/tokens").json()["items"] == []


def test_the_account_page_ends_another_session(organiser: Person, second: Person) -> None:
    """The button of the other browser logs it out."""
    page = organiser.get("/account").text
    (path,) = re.findall(r"/account/sessions/[0-9a-f]{64}/end", page)

    answer = organiser.post(path, data={"sure": "yes"})

    assert answer.headers["location"] == "/account?said=session"
    assert second.get("/api/me").status_code == 401


def test_a_member_leaves_and_the_words_stay(member: Person, visitor: Person) -> None:
    """204 with the right password; the nickname is taken still, and no log-in takes it."""
    wrong = member.post("/api/me/leave", json={"erase": False, "password": "wrong horse"})
    left = member.post("/api/me/leave", json={"erase": False, "password": PASSWORD})

    assert problem_of(wrong) == (403, "wrong-password")
    assert left.status_code == 204
    assert member.get("/api/me").status_code == 401
    assert visitor.post("/api/session", json={**OLGA, "nickname": "Mo"}).status_code == 401


def test_a_member_leaves_without_a_word(member: Person, visitor: Person) -> None:
    """The reviewer is a former member, and no message in the history has the nickname."""
    reviewer = member.get("/api/me").json()["reviewer_id"]

    assert (
        member.post("/api/me/leave", json={"erase": True, "password": PASSWORD}).status_code == 204
    )
    assert visitor.get(f"/api/reviewers/{reviewer}").json()["nickname"] == "a former member"


def test_the_last_organiser_does_not_leave(organiser: Person) -> None:
    """409, and nothing has changed."""
    answer = organiser.post("/api/me/leave", json={"erase": True, "password": PASSWORD})

    assert problem_of(answer) == (409, "last-organiser")
    assert organiser.get("/api/me").status_code == 200


@pytest.mark.parametrize(("ticked", "name"), [({"erase": "yes"}, "a former member"), ({}, "Mo")])
def test_the_account_page_lets_a_member_leave(
    member: Person, visitor: Person, ticked: dict[str, str], name: str
) -> None:
    """An error keeps what was ticked; after success the shelf says that the member has left."""
    reviewer = member.get("/api/me").json()["reviewer_id"]
    refused = member.post("/account/leave", data={**ticked, "leave_password": "wrong horse"})
    left = member.post("/account/leave", data={**ticked, "leave_password": PASSWORD})

    assert refused.status_code == 422
    assert ("checked" in refused.text) is bool(ticked)
    assert '<p class="error" id="leave_password-error">' in refused.text
    assert left.headers["location"] == "/?said=left"
    assert "You have left the club." in member.get("/?said=left").text
    assert visitor.get(f"/api/reviewers/{reviewer}").json()["nickname"] == name


def test_what_is_kept_is_on_a_page(visitor: Person) -> None:
    """Each page links it."""
    assert 'href="/privacy"' in visitor.get("/").text
    assert "What the club keeps of you" in visitor.get("/privacy").text
