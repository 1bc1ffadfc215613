"""The HTML pages."""

from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from lastuuid import uuid7

from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.app.application import Application
from reading_club.app.web.templates import SENTENCES
from reading_club.domain.messages import EVENTS
from reading_club.eventstream.wire import wire_type
from reading_club.service.catalogue import BookRating, CatalogueEntry
from reading_club.testing.builders import an_isbn

FORM = {"title": "Domain-Driven Design", "author": "Eric Evans", "isbn": "0321125215"}


def test_the_first_page_invites(client: TestClient) -> None:
    """An empty club shows an empty shelf and the form."""
    page = client.get("/")

    assert page.status_code == 200
    assert "The shelf is empty" in page.text
    assert 'name="isbn"' in page.text


def test_a_book_is_added_by_the_form(client: TestClient) -> None:
    """The form redirects to the home page, which shows the book with a hyphenated ISBN."""
    answer = client.post("/books", data=FORM)

    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    page = client.get("/").text
    assert "Domain-Driven Design" in page
    assert "978-0-321-12521-7" in page


@pytest.mark.parametrize(
    ("field", "value", "complaint"),
    [("isbn", "0321125216", "check digit"), ("title", " ", "empty"), ("author", "", "empty")],
)
def test_a_wrong_field_is_shown_at_its_place(
    client: TestClient,
    transport: RecordingOutboxTransport,
    field: str,
    value: str,
    complaint: str,
) -> None:
    """The form keeps its other fields and shows the error at the wrong one; no event is sent."""
    answer = client.post("/books", data={**FORM, field: value})

    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert answer.text.count("autofocus") == 1
    assert complaint in answer.text
    assert all(f'value="{typed}"' in answer.text for n, typed in FORM.items() if n != field)
    assert transport.handed_over == []


def test_a_known_book_is_refused_by_the_form(client: TestClient) -> None:
    """The error about a known ISBN is shown at the field ``isbn``."""
    client.post("/books", data=FORM)

    answer = client.post("/books", data=FORM)

    assert answer.status_code == 422
    assert 'id="isbn-error"' in answer.text
    assert "already registered" in answer.text


def test_what_people_type_is_shown_as_text(client: TestClient) -> None:
    """Markup in a title is escaped."""
    client.post("/books", data={**FORM, "title": "<script>alert(1)</script>"})

    page = client.get("/").text

    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_a_form_of_another_site_is_refused(client: TestClient) -> None:
    """403 for a form whose Origin is another site, or malformed."""
    foreign = client.post("/books", data=FORM, headers={"Origin": "https://elsewhere.example"})
    own = client.post("/books", data=FORM, headers={"Origin": "http://testserver"})

    broken = client.post("/books", data=FORM, headers={"Origin": "http://["})

    assert (foreign.status_code, broken.status_code, own.status_code) == (403, 403, 303)


def test_older_books_are_a_link_away(client: TestClient) -> None:
    """The link to older books keeps the words of the search."""
    for number in range(30):
        client.post("/books", data={**FORM, "title": f"Volume {number}", "isbn": an_isbn()})

    page = client.get("/", params={"q": "Volume"}).text
    link = page.split('href="/?q=Volume&amp;cursor=')[1].split('"')[0]
    rest = client.get("/", params={"q": "Volume", "cursor": link}).text

    assert "Volume 29" in page
    assert "Volume 0<" in rest


def test_the_shelf_shows_what_readers_think(client: TestClient, application: Application) -> None:
    """A rated book shows its mean rating from the catalogue; an unrated one shows none."""
    book_id = client.post("/api/books", json=FORM).json()["id"]

    async def catalogued() -> None:
        async with application.unit_of_work() as transaction:
            uow, book = transaction.uow, UUID(book_id)
            await uow.catalogue.put(CatalogueEntry.model_validate({"book_id": book, **FORM}))
            for rating in (7, 8):
                rated = BookRating(review_id=uuid7(), book_id=book, rating=rating, version=1)
                await uow.catalogue.rate(rated)
            await transaction.commit()

    assert "of 10" not in client.get("/").text
    assert client.portal is not None
    client.portal.call(catalogued)
    page = client.get("/").text

    assert "7.5 of 10" in page
    assert "(2 reviews)" in page


def test_a_search_without_a_match_says_so(client: TestClient) -> None:
    """The page names the search words that match no book."""
    assert "No book matches “nothing”" in client.get("/", params={"q": "nothing"}).text


def test_every_event_has_a_sentence() -> None:
    """Every event type has a sentence."""
    assert set(SENTENCES) == {wire_type(event) for event in EVENTS}


def test_what_goes_wrong_is_a_page_for_people(client: TestClient) -> None:
    """A browser gets an HTML page with a link back, a program a problem detail."""
    browser = client.get("/nowhere", headers={"Accept": "text/html,*/*"})
    program = client.get("/nowhere", headers={"Accept": "application/json"})

    assert (browser.status_code, program.status_code) == (404, 404)
    assert "Back to the shelf" in browser.text
    assert program.headers["content-type"] == "application/problem+json"


def test_pages_load_nothing_from_elsewhere(client: TestClient) -> None:
    """Home page and documentation load scripts and styles from the service alone."""
    for path in ("/", "/docs"):
        answer = client.get(path)
        assert "https://" not in answer.text
        assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert client.get("/static/club.css").status_code == 200
    assert client.get("/openapi.json").json()["paths"].keys() >= {"/api/books", "/api/activity"}
