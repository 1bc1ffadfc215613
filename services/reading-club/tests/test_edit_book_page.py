"""The page on which a book is corrected, and the form by which it is withdrawn."""

import re
from typing import Any

import pytest
from lastuuid import uuid7

from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.app.testing.person import HTML, Person, follow, send
from reading_club.testing.builders import an_isbn

BOOK = {"title": "Momo", "author": "Michael Ende", "isbn": "0-321-12521-5"}
LINK = "Correct this book"
CONFIRM = "Withdraw the book and its reviews"


@pytest.fixture
def page(member: Person) -> str:
    """The path of the page of a book that the member has registered."""
    return f"/books/{member.post('/api/books', json=BOOK).json()['id']}"


def edit(person: Person, page: str, version: int = 1, **changes: str) -> Any:
    """Send the form with these fields."""
    return person.post(f"{page}/edit", data={**BOOK, "version": str(version), **changes})


def values(text: str) -> dict[str, str]:
    """Return the values of the fields of a page's form."""
    found = re.findall(r'name="(title|author|isbn|version)" value="(.*?)"', text)
    return dict(found)


def test_the_form_has_the_book_as_it_is(member: Person, page: str) -> None:
    """The book's page leads to it; each field is filled."""
    assert f'<a href="{page}/edit">{LINK}</a>' in member.get(page).text

    answer = member.get(f"{page}/edit")

    assert answer.status_code == 200
    assert "<title>Correct Momo · Reading club</title>" in answer.text
    assert values(answer.text) == {**BOOK, "isbn": "978-0-321-12521-7", "version": "1"}


def test_a_book_is_corrected(member: Person, page: str) -> None:
    """The book's page says so, and shows it; an empty ISBN is none."""
    text = follow(member, edit(member, page, title="Krabat", author="Otfried Preußler", isbn=" "))

    assert "The book is corrected." in text
    assert '<h1 class="title"><bdi>Krabat</bdi></h1>' in text
    assert "978-0-321" not in text
    assert member.get(f"/api{page}").json()["version"] == 2
    assert values(member.get(f"{page}/edit").text)["isbn"] == ""


@pytest.mark.parametrize(
    ("field", "value", "complaint"),
    [
        ("isbn", "12", "That is not an ISBN of 10 or 13 digits."),
        ("title", " ", "The title must not be empty."),
        ("author", "x" * 201, "The author must not be longer than 200 characters."),
    ],
)
def test_a_wrong_field_is_shown_at_its_place(
    member: Person, page: str, field: str, value: str, complaint: str
) -> None:
    """422 with what was typed; nothing is stored."""
    answer = edit(member, page, 1, **{field: value})

    assert answer.status_code == 422
    assert "<title>Error: Correct Momo" in answer.text
    assert f'id="{field}-error">{complaint}</p>' in answer.text
    assert values(answer.text)["version"] == "1"
    assert member.get(f"/api{page}").json()["version"] == 1


def test_the_isbn_of_another_book_leads_to_it(member: Person, page: str) -> None:
    """The error is at the field, with a link."""
    other = member.post("/api/books", json={**BOOK, "isbn": str(an_isbn())}).json()

    answer = edit(member, page, isbn=other["isbn"])

    assert answer.status_code == 422
    assert 'id="isbn-error"' in answer.text
    assert f'href="/books/{other["id"]}"' in answer.text


def test_another_change_is_shown_beside_what_was_typed(
    organiser: Person, member: Person, page: str
) -> None:
    """409; sent again, what was typed replaces it."""
    edit(organiser, page, title="Theirs")

    answer = edit(member, page, title="Mine")

    assert answer.status_code == 409
    assert "It is now <bdi>Theirs</bdi> by <bdi>Michael Ende</bdi>" in answer.text
    assert values(answer.text) == {**BOOK, "title": "Mine", "version": "2"}
    assert member.get(f"/api{page}").json()["title"] == "Theirs"
    again = edit(member, page, title="Mine", version=2)
    assert "Mine" in follow(member, again)


def test_a_form_sent_twice_corrects_once(
    member: Person, page: str, transport: RecordingOutboxTransport
) -> None:
    """The second click finds what is stored already."""
    answers = [edit(member, page, title="Krabat") for _ in range(2)]

    assert [answer.headers["location"] for answer in answers] == [f"{page}?said=corrected"] * 2
    assert [event["type"] for event in transport.handed_over].count("book_corrected_v1") == 1


def test_who_may_not_correct_sees_no_link_and_no_form(
    organiser: Person, member: Person, visitor: Person
) -> None:
    """403 for another member; a visitor is led to log in."""
    page = f"/books/{organiser.post('/api/books', json=BOOK).json()['id']}"

    assert LINK not in member.get(page).text
    assert LINK not in visitor.get(page).text
    assert member.get(f"{page}/edit", headers=HTML).status_code == 403
    assert edit(member, page, title="Mine").status_code == 403
    assert visitor.get(f"{page}/edit", headers=HTML).headers["location"].startswith("/login?next=")
    assert edit(visitor, page, title="Mine").status_code == 401
    assert organiser.get(f"/api{page}").json()["title"] == "Momo"


def test_an_organiser_withdraws_a_book_after_a_confirmation(
    organiser: Person, member: Person, page: str
) -> None:
    """The button is behind a summary that says what goes along; a second click does no harm."""
    assert CONFIRM not in member.get(page).text
    assert re.search(
        rf"<summary>Withdraw this book</summary>.*{CONFIRM}", organiser.get(page).text, re.S
    )

    answers = [send(organiser, f"{page}/withdraw") for _ in range(2)]

    for answer in answers:
        assert answer.headers["location"] == "/?said=book-withdrawn"
    text = follow(organiser, answers[0])
    assert "The book is withdrawn, and it is on record that you did it." in text
    assert "The shelf is empty." in text
    gone = organiser.get(page, headers=HTML)
    assert (gone.status_code, "or the book was withdrawn" in gone.text) == (404, True)


def test_members_withdraw_no_book_by_the_form(member: Person, page: str) -> None:
    """403, also for a book of one's own."""
    assert send(member, f"{page}/withdraw").status_code == 403
    assert member.get(page).status_code == 200


def test_an_unknown_book_has_no_form(organiser: Person) -> None:
    """404 for the page and for what it is sent to."""
    page = f"/books/{uuid7()}"

    assert organiser.get(f"{page}/edit").status_code == 404
    assert edit(organiser, page).status_code == 404
