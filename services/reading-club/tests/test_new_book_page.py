"""The page on which a book is added: errors, what was typed, and what follows success."""

import re

import pytest
from fastapi.testclient import TestClient

from reading_club.adapters.memory.transport import RecordingOutboxTransport

FORM = {"title": "Domain-Driven Design", "author": "Eric Evans", "isbn": "0321125215"}


def test_an_empty_form_has_hints_and_no_error(client: TestClient) -> None:
    """Each field has a label and a hint that describes it."""
    page = client.get("/books/new").text

    assert "<title>Add a book · Reading club</title>" in page
    assert "error" not in page.lower()
    for field in FORM:
        assert f'<label for="{field}">' in page
        assert f'aria-describedby="{field}-hint"' in page
        assert f'id="{field}-hint"' in page


def test_a_book_is_added_by_the_form(client: TestClient) -> None:
    """The form leads to the book's page, which says that it was added; the shelf shows it."""
    answer = client.post("/books", data=FORM)
    page = client.get(answer.headers["location"]).text

    assert answer.status_code == 303
    assert re.fullmatch(r"/books/[0-9a-f-]{36}\?said=added", answer.headers["location"])
    assert "The book is on the shelf now." in page
    assert "978-0-321-12521-7" in page
    assert "Domain-Driven Design" in client.get("/").text


@pytest.mark.parametrize(
    ("field", "value", "complaint"),
    [
        ("isbn", "0321125216", "The check digit of the ISBN is wrong."),
        ("isbn", "12", "That is not an ISBN of 10 or 13 digits."),
        ("title", " ", "The title must not be empty."),
        ("author", "", "The author must not be empty."),
        ("title", "x" * 301, "The title must not be longer than 300 characters."),
    ],
)
def test_a_wrong_field_is_shown_at_its_place(
    client: TestClient,
    transport: RecordingOutboxTransport,
    field: str,
    value: str,
    complaint: str,
) -> None:
    """The error is at its field, in the summary and in the title; no event is sent."""
    answer = client.post("/books", data={**FORM, field: value})

    assert answer.status_code == 422
    assert "<title>Error: " in answer.text
    assert f'<p class="error" id="{field}-error">{complaint}</p>' in answer.text
    assert f'aria-describedby="{field}-error {field}-hint"' in answer.text
    assert f'<a href="#{field}">{complaint}</a>' in answer.text
    assert re.findall(r"<(\w+) [^>]*autofocus", answer.text) == ["div"]
    assert all(f'value="{typed}"' in answer.text for n, typed in FORM.items() if n != field)
    assert transport.handed_over == []


def test_a_book_without_an_isbn_is_added(client: TestClient) -> None:
    """The field may stay empty; the book has a cover, and no number, on its page and the shelf."""
    answer = client.post("/books", data={**FORM, "isbn": " "})

    for page in (client.get(answer.headers["location"]).text, client.get("/").text):
        assert "Domain-Driven Design" in page
        assert 'class="cover"' in page
        assert 'class="isbn"' not in page
        assert "None" not in page


def test_the_summary_has_the_order_of_the_fields(client: TestClient) -> None:
    """Title, author, ISBN: as they are on the page."""
    page = client.post("/books", data={"title": "", "author": "", "isbn": "x"}).text

    assert re.findall(r'<a href="#(title|author|isbn)">', page) == ["title", "author", "isbn"]


def test_a_known_book_is_refused_with_a_link_to_it(client: TestClient) -> None:
    """The error about a known ISBN is shown at the field ``isbn``, and leads to that book."""
    known = client.post("/api/books", json={**FORM, "title": "Another <title>"}).json()

    answer = client.post("/books", data=FORM)

    assert answer.status_code == 422
    assert 'id="isbn-error"' in answer.text
    assert "The ISBN 978-0-321-12521-7 is already registered." in answer.text
    link = f'<a href="/books/{known["id"]}">Look at <bdi>Another &lt;title&gt;</bdi></a>'
    assert link in answer.text
