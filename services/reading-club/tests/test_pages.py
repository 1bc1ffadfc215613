"""The pages for people."""

from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from lastuuid import uuid7

from reading_club.app.composition import Club
from reading_club.app.web.stories import SENTENCES
from reading_club.domain.messages import EVENTS, type_of
from reading_club.service.catalogue import BookRating, CatalogueEntry
from reading_club.testing import RelayedTransport, an_isbn

FORM = {"title": "Domain-Driven Design", "author": "Eric Evans", "isbn": "0321125215"}


def test_the_first_page_invites(client: TestClient) -> None:
    """An empty club shows an empty shelf and the form."""
    page = client.get("/")

    assert page.status_code == 200
    assert "The shelf is empty" in page.text
    assert 'name="isbn"' in page.text


def test_a_book_is_added_by_the_form(client: TestClient) -> None:
    """The form leads back to the page, which shows the book with a printed ISBN."""
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
    transport: RelayedTransport,
    field: str,
    value: str,
    complaint: str,
) -> None:
    """What was typed stays, the complaint stands at the field, nothing is stored or sent."""
    answer = client.post("/books", data={**FORM, field: value})

    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert answer.text.count("autofocus") == 1
    assert complaint in answer.text
    assert all(f'value="{typed}"' in answer.text for n, typed in FORM.items() if n != field)
    assert transport.handed_over == []


def test_a_known_book_is_refused_by_the_form(client: TestClient) -> None:
    """The complaint about a known ISBN stands at the ISBN."""
    client.post("/books", data=FORM)

    answer = client.post("/books", data=FORM)

    assert answer.status_code == 422
    assert 'id="isbn-error"' in answer.text
    assert "already registered" in answer.text


def form_id(page: str) -> str:
    """Return the id that the form of a page carries."""
    return page.split('name="id" value="')[1].split('"', maxsplit=1)[0]


def test_a_form_sent_twice_adds_one_book(client: TestClient, transport: RelayedTransport) -> None:
    """A second click is no complaint about a known ISBN: it is the same form."""
    form = {**FORM, "id": form_id(client.get("/").text)}

    answers = [client.post("/books", data=form) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [303, 303]
    assert [book["id"] for book in client.get("/api/books").json()["items"]] == [form["id"]]
    assert len(transport.handed_over) == 1
    assert form_id(client.get("/").text) != form["id"]


@pytest.mark.parametrize("wrong", [{"isbn": "0321125216"}, {}], ids=["field", "refusal"])
def test_a_form_keeps_its_id_after_an_error(client: TestClient, wrong: dict[str, str]) -> None:
    """What is sent again is the same form, whether a field was wrong or the book was known."""
    client.post("/api/books", json=FORM)
    form = {**FORM, **wrong, "id": form_id(client.get("/").text)}

    answer = client.post("/books", data=form)

    assert answer.status_code == 422
    assert form_id(answer.text) == form["id"]


def test_a_form_that_was_sent_with_another_book_gets_a_new_id(client: TestClient) -> None:
    """A browser leads back to the old form: it is said, and sent again it adds the book."""
    form = {**FORM, "id": form_id(client.get("/").text)}
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
    client: TestClient, transport: RelayedTransport, id_: str
) -> None:
    """It is in no page again."""
    answer = client.post("/books", data={**FORM, "id": id_}, headers={"Accept": "text/html"})

    assert answer.status_code == 422
    assert f'value="{id_}"' not in answer.text
    assert transport.handed_over == []


def test_what_people_type_is_shown_as_text(client: TestClient) -> None:
    """Markup in a title is no markup in the page."""
    client.post("/books", data={**FORM, "title": "<script>alert(1)</script>"})

    page = client.get("/").text

    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_a_form_of_another_site_is_refused(client: TestClient) -> None:
    """A page elsewhere cannot add books in a visitor's name."""
    foreign = client.post("/books", data=FORM, headers={"Origin": "https://elsewhere.example"})
    own = client.post("/books", data=FORM, headers={"Origin": "http://testserver"})

    broken = client.post("/books", data=FORM, headers={"Origin": "http://["})

    assert (foreign.status_code, broken.status_code, own.status_code) == (403, 403, 303)


def test_older_books_are_a_link_away(client: TestClient) -> None:
    """A long shelf is shown page by page, and a search keeps its words."""
    for number in range(30):
        client.post("/books", data={**FORM, "title": f"Volume {number}", "isbn": an_isbn()})

    page = client.get("/", params={"q": "Volume"}).text
    link = page.split('href="/?q=Volume&amp;cursor=')[1].split('"')[0]
    rest = client.get("/", params={"q": "Volume", "cursor": link}).text

    assert "Volume 29" in page
    assert "Volume 0<" in rest


def test_the_shelf_shows_what_readers_think(client: TestClient, club: Club) -> None:
    """A book that was rated shows the mean, as the catalogue has it; another one shows nothing."""
    book_id = client.post("/api/books", json=FORM).json()["id"]

    async def catalogued() -> None:
        async with club.unit_of_work() as transaction:
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
    """The page offers the way back to all books."""
    assert "No book matches “nothing”" in client.get("/", params={"q": "nothing"}).text


def test_every_event_has_a_sentence() -> None:
    """The activity speaks of every event in words."""
    assert set(SENTENCES) == {type_of(event) for event in EVENTS}


def test_what_goes_wrong_is_a_page_for_people(client: TestClient) -> None:
    """A browser gets a page with a way back; a program gets a problem detail."""
    browser = client.get("/nowhere", headers={"Accept": "text/html,*/*"})
    program = client.get("/nowhere", headers={"Accept": "application/json"})

    assert (browser.status_code, program.status_code) == (404, 404)
    assert "Back to the shelf" in browser.text
    assert program.headers["content-type"] == "application/problem+json"


def test_pages_load_nothing_from_elsewhere(client: TestClient) -> None:
    """The club works without the internet, the documentation included."""
    for path in ("/", "/docs"):
        answer = client.get(path)
        assert "https://" not in answer.text
        assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert client.get("/static/club.css").status_code == 200
    assert client.get("/openapi.json").json()["paths"].keys() >= {"/api/books", "/api/activity"}
