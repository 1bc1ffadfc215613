"""Every page of members and visitors in German, without an English sentence of the catalogue."""

import re
from html.parser import HTMLParser

import pytest
from babel.messages.pofile import read_po
from fastapi.testclient import TestClient

from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.app.application import Application
from reading_club.app.testing.person import HTML, Person, id_of, send
from reading_club.app.testing.valid_requests import Club
from reading_club.app.web import pages
from reading_club.app.web.accounts import account
from reading_club.app.web.application import PARTS
from reading_club.app.web.languages import CATALOGUES, ENGLISH_ONLY
from reading_club.domain.messages import EVENTS
from reading_club.eventstream.wire import EventRegistry
from reading_club.service.projections import activity, catalogue

PAGES = (
    *("/", "/?q=momo", "/?q=nichts", "/?order=best", "/?cursor=x", "/nowhere", "/books"),
    *("/activity", "/activity/arrivals?after=0", "/books/new", "/books/{book}", "/books/{none}"),
    *("/books/{book}/edit", "/account", "/members", "/members/{member}", "/members/{none}"),
    *("/welcome", "/welcome?token=x", "/join", "/join?token=x", "/join?said=asked", "/login"),
    *("/imports", "/imports/{imported}", "/imports/{none}", "/password?token={link}"),
    *("/password?token=x", "/mail/confirm", "/mail/unsubscribe", "/privacy"),
)
"""Addresses of the pages, also where they show a problem."""
FORMS = (
    *("/books", "/books/{book}/review", "/books/{book}/edit", "/join", "/join/request", "/login"),
    *("/welcome", "/account/password", "/account/leave", "/account/tokens", "/members/club"),
    *("/account/following/feed", "/account/following/mail", "/imports", "/members/invitations"),
    *("/mail/confirm?token=x", "/mail/unsubscribe?token=x", "/books/{none}/follow"),
    *("/members/{member}/password-link", "/password", "/members/requests/{none}/approve"),
)
"""Addresses of forms, which are sent without a field, and show a page."""
NO_PAGES = {"/activity.atom", "/asyncapi.json"}


class Words(HTMLParser):
    """Collects what a page says: its texts, and the attributes that people read or hear."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.said: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect the attributes."""
        self.said += [
            value or ""
            for name, value in attrs
            if name in {"aria-label", "title"} or (name.startswith("data-") and tag != "section")
        ]

    def handle_data(self, data: str) -> None:
        """Collect a text."""
        self.said.append(" ".join(data.split()))


@pytest.fixture(scope="session")
def english() -> list[str]:
    """The pieces of English sentences between their values, which German has otherwise."""
    with (CATALOGUES / "de.po").open("rb") as file:
        messages = [message for message in read_po(file) if message.id]
    pieces = set[str]()
    for message in messages:
        for sentence in [message.id] if isinstance(message.id, str) else message.id:
            said = map(str.strip, re.split(r"%\(\w+\)s|\{.*?\}|<[^>]*>", sentence))
            pieces |= {piece for piece in said if piece not in str(message.string)}
    return sorted(piece for piece in pieces if len(piece) > 3)


async def project(application: Application, transport: RecordingOutboxTransport) -> None:
    """Handle all events so far, as the workers of activity and catalogue do."""
    registry = EventRegistry(EVENTS)
    async with application.writing() as transaction:
        for envelope in transport.handed_over:
            for subscriber in (activity, catalogue):
                event = registry.decode(envelope)
                if subscriber.reads(type(event)):
                    await subscriber.handle(event, transaction.uow)


@pytest.fixture
def ids(
    client: TestClient,
    application: Application,
    transport: RecordingOutboxTransport,
    organiser: Person,
    member: Person,
) -> dict[str, str]:
    """What the addresses of pages name, in a club with reviews, requests and an import."""
    assert client.portal is not None
    club = Club(application, client.portal.call)
    asked = {"book": {"title": "Momo", "author": "Michael Ende"}, "own": {"name": "Skript"}}
    book = organiser.post("/api/books", json=asked["book"]).json()["id"]
    for person, rating in ((organiser, 7), (member, 3)):
        person.put(f"/api/books/{book}/review", json={"rating": rating}).raise_for_status()
    organiser.post("/api/tokens", json=asked["own"]).raise_for_status()
    organiser.post("/api/invitations", json={"uses": 2}).raise_for_status()
    club.join_request()
    file = {"file": ("books.csv", b"ISBN\n9780321125217\n")}
    imported = organiser.post("/imports", files=file, headers=HTML).headers["location"]
    client.portal.call(project, application, transport)
    return {
        "book": book,
        "organiser": id_of(organiser),
        "member": id_of(member),
        "none": "00000000-0000-0000-0000-000000000000",
        "imported": imported.rpartition("/")[2],
        "link": club.password_link(),
    }


@pytest.fixture
def german(client: TestClient, ids: dict[str, str]) -> None:  # noqa: ARG001  # first the club
    """Each request asks for German, after the club was filled."""
    client.headers.update({**HTML, "Accept-Language": "de"})


def english_in(page: str, english: list[str]) -> list[str]:
    """Return the English that a page says: a word as a whole text, several words anywhere."""
    said = Words(page).said
    return [
        f"{piece} in {text}"
        for text in said
        for piece in english
        if text == piece or (" " in piece and re.search(rf"\b{re.escape(piece)}\b", text))
    ]


@pytest.mark.usefixtures("german")
def test_every_page_is_german(
    ids: dict[str, str], english: list[str], organiser: Person, visitor: Person
) -> None:
    """For the organiser and for a visitor."""
    said = {}
    for path in PAGES:
        for person in (organiser, visitor):
            answer = person.get(path.format_map(ids))
            if answer.status_code != 303:  # to the page to log in
                assert "arrivals" in path or '<html lang="de">' in answer.text, path
                said[path, person is visitor] = english_in(answer.text, english)

    assert {where: found for where, found in said.items() if found} == {}
    assert len(said) > len(PAGES)


@pytest.mark.usefixtures("german")
def test_what_a_form_without_a_field_says_is_german(
    ids: dict[str, str], english: list[str], organiser: Person
) -> None:
    """Errors, refusals, links that are shown once, and what is there no more."""
    said = {}
    for path in FORMS:
        answer = send(organiser, path.format_map(ids))
        assert '<html lang="de">' in answer.text, path
        said[path] = english_in(answer.text, english)

    assert {path: found for path, found in said.items() if found} == {}


@pytest.mark.usefixtures("german")
def test_every_notice_is_german(english: list[str], ids: dict[str, str], member: Person) -> None:
    """What a page says after success, by the value in its address."""
    notices = {"/": pages.NOTICES, "/account": account.NOTICES}
    for path, said in notices.items():
        for name in said:
            answer = member.get(path, params={"said": name})
            assert english_in(answer.text, english) == []
            assert 'role="status"' in answer.text
    assert ids


def test_english_is_found(client: TestClient, english: list[str]) -> None:
    """In texts, labels and what scripts say; the check is not blind."""
    found = "\n".join(english_in(client.get("/").text, english))

    for piece in ("The shelf is empty.", "Skip to the content", "Order of the books"):
        assert (piece in found) == (piece != "Order of the books")
    assert "show the newest" in found


def test_every_page_is_asked_for() -> None:
    """A new page is a line in PAGES, and has its German words."""
    asked = {re.sub(r"\{\w+\}", "{id}", path.partition("?")[0]) for path in PAGES}
    routes = {
        re.sub(r"\{\w+(:uuid)?\}", "{id}", route.path)
        for part in PARTS
        for route in part.router.routes
        if "GET" in route.methods and not route.include_in_schema
    }

    assert {path for path in routes if not path.startswith(ENGLISH_ONLY)} - NO_PAGES <= asked
