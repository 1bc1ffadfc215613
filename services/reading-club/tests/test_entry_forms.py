"""The forms by which people come in, and the limits of their attempts."""

import pytest

from reading_club.app.testing.person import Person
from reading_club.app.web.accounts.entry_forms import own_page

PASSWORD = "correct horse"
OLGA = {"nickname": "Olga", "password": PASSWORD}
BOOK = {"title": "Domain-Driven Design", "author": "Eric Evans", "isbn": "0-321-12521-5"}


def test_the_shelf_says_that_nobody_has_claimed_the_club(visitor: Person, welcome: str) -> None:
    """It is in the column of the shelf, and goes with the first organiser."""
    before = visitor.get("/").text
    visitor.post("/api/welcome", json={**OLGA, "token": welcome})

    assert "Nobody has claimed this club yet" in before
    assert before.index('<section aria-labelledby="shelf">') < before.index('class="notice"')
    assert "Nobody has claimed this club yet" not in visitor.get("/").text


def test_the_form_of_the_welcome_link(visitor: Person, welcome: str) -> None:
    """It keeps the nickname and the link, never the password, and leads to the shelf."""
    form = {"nickname": "Olga", "password": "short", "token": welcome}
    shown = visitor.get(f"/welcome?token={welcome}").text
    refused = visitor.post("/welcome", data=form)
    answer = visitor.post("/welcome", data={**form, "password": PASSWORD})

    assert f'value="{welcome}"' in shown
    assert refused.status_code == 422
    assert "<title>Error: " in refused.text
    assert "The password must have at least 8 characters." in refused.text
    assert 'value="Olga"' in refused.text
    assert 'value="short"' not in refused.text
    assert (answer.status_code, answer.headers["location"]) == (303, "/?said=claimed")
    assert "Olga" in visitor.get("/").text


def test_the_page_of_the_welcome_link_without_a_token(visitor: Person) -> None:
    """It says how a club gets its organiser."""
    assert "reading-club members add NICKNAME --organiser" in visitor.get("/welcome").text


@pytest.mark.usefixtures("organiser")
def test_the_form_to_log_in(visitor: Person) -> None:
    """It leads on to the page that was wanted, and a wrong password is said in the summary."""
    refused = visitor.post("/login", data={**OLGA, "password": "wrong horse", "next": "/activity"})
    answer = visitor.post("/login", data={**OLGA, "next": "/activity"})
    out = visitor.post("/logout", data={"sure": "yes"})

    assert refused.status_code == 422
    assert "The nickname or the password is wrong." in refused.text
    assert answer.headers["location"] == "/activity"
    assert out.headers["location"] == "/?said=logged-out"
    assert "You are logged out." in visitor.get("/?said=logged-out").text
    assert visitor.get("/api/me").status_code == 401


@pytest.mark.parametrize("url", ["https://evil.example", "//evil.example", "/\\evil.example", "x"])
def test_a_log_in_leads_to_no_other_site(url: str) -> None:
    """The page after the log-in is one of this club."""
    assert own_page(url) == "/"


@pytest.mark.usefixtures("organiser")
def test_a_hundred_attempts_at_a_password_are_not_made(visitor: Person) -> None:
    """After ten the answer is 429 without a look at the password, also in the form."""
    wrong = {**OLGA, "password": "wrong horse"}
    answers = [visitor.post("/api/session", json=wrong).status_code for _ in range(100)]
    form = visitor.post("/login", data=OLGA, headers={"accept": "text/html"})

    assert answers == [401] * 10 + [429] * 90
    assert visitor.post("/api/session", json=OLGA).headers["retry-after"]
    assert form.status_code == 429
    assert "Too many attempts" in form.text


@pytest.mark.parametrize("path", ["/api/welcome", "/welcome", "/api/members", "/join", "/password"])
def test_links_are_not_guessed_without_end(visitor: Person, path: str) -> None:
    """After ten attempts in five minutes the answer is 429."""
    secret = "invitation" if path == "/api/members" else "token"
    form = {**OLGA, "new_password": PASSWORD, secret: "guessed"}
    kind = "json" if path.startswith("/api/") else "data"
    if kind == "json":
        del form["new_password"]

    answers = [visitor.post(path, **{kind: form}).status_code for _ in range(12)]

    assert 429 not in answers[:10]
    assert answers[10:] == [429, 429]
