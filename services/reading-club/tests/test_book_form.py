"""The form for a new book is idempotent: it contains the id of the book."""

import pytest
from fastapi.testclient import TestClient

from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.testing.builders import an_isbn

FORM = {"title": "Domain-Driven Design", "author": "Eric Evans", "isbn": "0321125215"}


def form_id(page: str) -> str:
    """Return the id in the form of a page."""
    return page.split('name="id" value="')[1].split('"', maxsplit=1)[0]


def test_a_form_sent_twice_adds_one_book(
    client: TestClient, transport: RecordingOutboxTransport
) -> None:
    """A double click registers one book, and both responses are redirects."""
    form = {**FORM, "id": form_id(client.get("/books/new").text)}

    answers = [client.post("/books", data=form) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [303, 303]
    assert [book["id"] for book in client.get("/api/books").json()["items"]] == [form["id"]]
    assert len(transport.handed_over) == 1
    assert form_id(client.get("/books/new").text) != form["id"]


@pytest.mark.parametrize("wrong", [{"isbn": "0321125216"}, {}], ids=["field", "refusal"])
def test_a_form_keeps_its_id_after_an_error(client: TestClient, wrong: dict[str, str]) -> None:
    """The page with the errors contains the same id, for a wrong field and for a known book."""
    client.post("/api/books", json=FORM)
    form = {**FORM, **wrong, "id": form_id(client.get("/books/new").text)}

    answer = client.post("/books", data=form)

    assert answer.status_code == 422
    assert form_id(answer.text) == form["id"]


def test_a_form_that_was_sent_with_another_book_gets_a_new_id(client: TestClient) -> None:
    """Another book with a used id is refused with a new id, with which it is registered."""
    form = {**FORM, "id": form_id(client.get("/books/new").text)}
    client.post("/books", data=form)
    other = {**form, "title": "Another one", "isbn": str(an_isbn())}

    answer = client.post("/books", data=other)

    assert answer.status_code == 422
    assert "sent before" in answer.text
    assert 'value="Another one"' in answer.text
    again = client.post("/books", data={**other, "id": form_id(answer.text)})
    assert again.status_code == 303
    assert len(client.get("/api/books").json()["items"]) == 2


@pytest.mark.parametrize("id_", ["x", '"><script>', "0" * 40])
def test_an_id_that_is_none_is_refused(
    client: TestClient, transport: RecordingOutboxTransport, id_: str
) -> None:
    """A malformed id is refused with 422, and is not repeated in the page."""
    answer = client.post("/books", data={**FORM, "id": id_}, headers={"Accept": "text/html"})

    assert answer.status_code == 422
    assert f'value="{id_}"' not in answer.text
    assert transport.handed_over == []
