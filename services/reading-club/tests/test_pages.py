"""The shelf, the activity and the problem page."""

from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient
from lastuuid import uuid7

from reading_club.app.application import Application
from reading_club.app.web.activity_sentences import SENTENCES
from reading_club.domain.messages import EVENTS
from reading_club.eventstream.wire import wire_type
from reading_club.service.activity import ActivityEntry
from reading_club.service.catalogue import BookRating, CatalogueEntry
from reading_club.testing.builders import an_event, an_isbn

FORM = {"title": "Domain-Driven Design", "author": "Eric Evans", "isbn": "0321125215"}
HTML = {"Accept": "text/html,*/*"}


def test_the_first_page_invites(client: TestClient) -> None:
    """An empty club shows an empty shelf, and a link to the form."""
    page = client.get("/")

    assert page.status_code == 200
    assert "The shelf is empty" in page.text
    assert page.text.count('href="/books/new"') == 1


def test_what_people_type_is_shown_as_text(client: TestClient) -> None:
    """Markup in a title is escaped, on the shelf and on the book's page."""
    answer = client.post("/books", data={**FORM, "title": "<script>alert(1)</script>"})

    for path in ("/", answer.headers["location"]):
        page = client.get(path).text
        assert "<script>" not in page
        assert "<bdi>&lt;script&gt;" in page


def test_older_and_newest_books_are_a_link_away(client: TestClient) -> None:
    """Both links keep the words of the search, and the shelf has its count."""
    for number in range(30):
        client.post("/books", data={**FORM, "title": f"Volume {number}", "isbn": an_isbn()})

    page = client.get("/", params={"q": "Volume"}).text
    link = page.split('href="/?q=Volume&amp;cursor=')[1].split('"')[0]
    rest = client.get("/", params={"q": "Volume", "cursor": link}).text

    assert "Volume 29" in page
    assert "Newest books" not in page
    assert "Volume 0<" in rest
    assert '<a href="/?q=Volume">Newest books</a>' in rest
    assert "30 books" in client.get("/").text


def test_after_an_unknown_book_the_newest_are_a_link_away(client: TestClient) -> None:
    """A page without books says so, and does not say that the shelf is empty."""
    client.post("/books", data=FORM)

    page = client.get("/", params={"cursor": str(uuid4())}).text

    assert "There are no more books here" in page
    assert "The shelf is empty" not in page


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

    assert "reviews" not in client.get("/").text
    assert client.portal is not None
    client.portal.call(catalogued)
    page = client.get("/").text

    assert "7.5 · 2 reviews" in page
    assert '<rect class="bar-part" width="75.0"' in page


def test_a_search_without_a_match_says_so(client: TestClient) -> None:
    """The page names the search words that match no book."""
    page = client.get("/", params={"q": "nothing"}).text

    assert "No book matches “<bdi>nothing</bdi>”" in page
    assert "<title>nothing · Reading club</title>" in page


def test_every_event_has_a_sentence() -> None:
    """Every event type has a sentence, in each of its versions, but those of imports."""
    shown = {wire_type(event) for event in EVENTS} - {"import_step_due_v1"}

    assert set(SENTENCES) == shown


def test_the_activity_has_pages(client: TestClient, application: Application) -> None:
    """Thirty entries are on a page; the shelf shows the newest, and older ones are a link away."""
    events = [an_event(title=f"Volume {number}") for number in range(31)]

    async def record() -> None:
        async with application.unit_of_work() as transaction:
            for event in events:
                await transaction.uow.activity.record(ActivityEntry.of(event))
            await transaction.commit()

    assert "Nothing has happened yet" in client.get("/activity").text
    assert client.portal is not None
    client.portal.call(record)
    page = client.get("/activity").text
    older = page.split('href="/activity?cursor=')[1].split('"')[0]
    rest = client.get("/activity", params={"cursor": older}).text

    assert f'<a href="/books/{events[30].id}"><bdi>Volume 30</bdi></a> by' in page
    assert "Volume 0<" not in page
    assert "Volume 0<" in rest
    assert '<a href="/activity">Newest activity</a>' in rest
    assert "Volume 30<" in client.get("/").text


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/nowhere", 404, "There is no such page"),
        (f"/books/{UUID(int=0)}", 404, "This book is not on the shelf"),
        ("/?cursor=x", 422, "Something in the request does not fit"),
    ],
)
def test_what_goes_wrong_is_a_page_for_people(
    client: TestClient, path: str, status: int, words: str
) -> None:
    """A browser gets a page that says what happened and leads back, a program a problem detail."""
    browser = client.get(path, headers=HTML)
    program = client.get(path, headers={"Accept": "application/json"})

    assert (browser.status_code, program.status_code) == (status, status)
    assert f"<h1>{words}</h1>" in browser.text
    assert "Back to the shelf" in browser.text
    assert program.headers["content-type"] == "application/problem+json"


def test_pages_load_nothing_from_elsewhere(client: TestClient) -> None:
    """Pages and documentation load scripts and styles from the service alone."""
    for path in ("/", "/books/new", "/activity", "/docs"):
        answer = client.get(path)
        assert "https://" not in answer.text
        assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert client.get("/openapi.json").json()["paths"].keys() >= {"/api/books", "/api/activity"}
