"""``/api/club``: the settings, and what they change."""

from typing import Any

import pytest

from reading_club.app.application import Application
from reading_club.app.testing.person import Person

HTML = {"Accept": "text/html"}


def change(person: Person, tag: str | None, **changes: object) -> Any:
    """Change settings, with this entity tag."""
    headers = {} if tag is None else {"If-Match": tag}
    return person.patch("/api/club", json=changes, headers=headers)


def tag_of(person: Person) -> str:
    """Return the entity tag of the settings."""
    tag: str = person.get("/api/club").headers["etag"]
    return tag


def test_the_settings_have_defaults_and_a_version(organiser: Person, visitor: Person) -> None:
    """Anybody gets them; a change gives the new ones with a new ETag, and leaves the others."""
    defaults = {"name": "Reading club", "open_to_read": True, "may_ask_to_join": False}
    before = visitor.get("/api/club")

    changed = change(organiser, before.headers["etag"], name="  Bücherwürmer ")
    after = visitor.get("/api/club")

    assert before.json() == defaults
    assert changed.status_code == 200
    assert changed.json() == after.json() == {**defaults, "name": "Bücherwürmer"}
    assert changed.headers["etag"] == after.headers["etag"] != before.headers["etag"]


def test_only_organisers_change_the_settings(
    organiser: Person, member: Person, visitor: Person
) -> None:
    """401 for a visitor and 403 for a member, whatever they send."""
    tag = tag_of(organiser)

    for person, status in ((visitor, 401), (member, 403)):
        assert change(person, tag, name="Mine").status_code == status
        assert change(person, None, name="").status_code == status
    assert tag_of(organiser) == tag


def test_the_second_of_two_changes_is_refused(organiser: Person) -> None:
    """412: it was made for settings that are no longer there."""
    tag = tag_of(organiser)
    assert change(organiser, tag, name="First").status_code == 200

    assert change(organiser, tag, name="Second").status_code == 412
    assert organiser.get("/api/club").json()["name"] == "First"


@pytest.mark.parametrize(
    ("tag", "status"),
    [(None, 428), ("0", 412), ('W/"0"', 412), ('"x"', 412), ('"9999999999"', 412)],
)
def test_a_change_needs_the_tag_that_was_read(
    organiser: Person, tag: str | None, status: int
) -> None:
    """428 without If-Match, 412 for what is no tag of a version."""
    answer = change(organiser, tag, name="Mine")

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert organiser.get("/api/club").json()["name"] == "Reading club"


def test_a_change_may_be_for_any_version(organiser: Person) -> None:
    """``*`` in place of a tag."""
    for name in ("First", "Second"):
        assert change(organiser, "*", name=name).json()["name"] == name


@pytest.mark.parametrize(
    "wrong",
    [{"name": ""}, {"name": "x" * 81}, {"name": "\u202eb"}, {"open_to_read": "no"}, {"motto": "x"}],
)
def test_a_wrong_setting_is_refused_first(organiser: Person, wrong: dict[str, object]) -> None:
    """422 with the field, even without If-Match; nothing is stored."""
    tag = tag_of(organiser)

    answer = change(organiser, None, **wrong)

    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == list(wrong)
    assert tag_of(organiser) == tag


NONE = "0199e3a0-0000-7000-8000-000000000000"
"""The id of nothing."""
READ = (
    "/api/books",
    f"/api/books/{NONE}",
    f"/api/books/{NONE}/reviews",
    f"/api/reviewers/{NONE}",
    "/api/activity",
)
PAGES = ("/", f"/books/{NONE}", "/activity", "/books/new")
OPEN = ("/login", "/welcome", "/join", "/privacy", "/healthz", "/readyz", "/static/base.css")


def test_a_club_for_members_shows_visitors_nothing(organiser: Person, visitor: Person) -> None:
    """401 of the API, and pages lead to the log-in; members look as before."""
    change(organiser, tag_of(organiser), open_to_read=False)

    for path in READ:
        answer = visitor.get(path)
        assert (path, answer.status_code) == (path, 401)
        assert answer.headers["content-type"] == "application/problem+json"
        assert organiser.get(path).status_code in {200, 404}
    for path in PAGES:
        assert visitor.get(path, headers=HTML).headers["location"].startswith("/login?next=%2F")
        assert organiser.get(path, headers=HTML).status_code in {200, 404}
    for path in OPEN:
        assert visitor.get(path, headers=HTML).status_code in {200, 503}


def test_a_club_is_open_to_visitors_at_first(organiser: Person, visitor: Person) -> None:
    """Visitors look, and again after the setting was changed back."""
    for is_open in (False, True):
        change(organiser, tag_of(organiser), open_to_read=is_open)

    for path in (*READ, *PAGES[:-1]):
        assert visitor.get(path).status_code in {200, 404}


def test_members_who_look_cost_no_statement_more(
    member: Person, application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The API asks for the setting for visitors only."""
    monkeypatch.setattr(application, "read_club", None)

    assert member.get("/api/books").status_code == 200


def test_the_name_of_the_club_is_on_its_pages(organiser: Person, visitor: Person) -> None:
    """In the masthead and in the title, as text."""
    change(organiser, tag_of(organiser), name="<b>Owls</b>")

    for path in ("/", "/activity", "/login", "/join", "/welcome", "/privacy", "/nowhere"):
        page = visitor.get(path, headers=HTML).text
        assert "<bdi>&lt;b&gt;Owls&lt;/b&gt;</bdi></a>" in page
        assert "&lt;b&gt;Owls&lt;/b&gt;</title>" in page
        assert "Reading club" not in page
    for path in ("/members", f"/members/{organiser.get('/api/me').json()['id']}", "/account"):
        assert "&lt;b&gt;Owls&lt;/b&gt;</title>" in organiser.get(path).text
