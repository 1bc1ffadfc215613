"""The page of the events on the wire, and the document for programs."""

import re

from reading_club.app.testing.person import Person
from reading_club.domain.messages import EVENTS
from reading_club.eventstream.wire import wire_type
from reading_club.service.subscribers import SUBSCRIBERS


def test_the_page_shows_events_and_queues(organiser: Person) -> None:
    """Each event with its fields, each queue with its types and arguments, and the exchange."""
    page = organiser.get("/stream/asyncapi").text

    for event in EVENTS:
        assert f'<h3 id="{wire_type(event)}">{wire_type(event)}</h3>' in page
    for subscriber in SUBSCRIBERS:
        assert f"<h3>eventstream.{subscriber.name}</h3>" in page
    assert "<strong>authors</strong> array of string" in page
    assert 'An older version: <a href="#book_registered_v2">' in page
    assert "<strong>eventstream</strong>" in page
    assert "x-queue-type quorum" in page
    assert 'href="/asyncapi.json"' in page


def test_links_on_the_page_lead_to_something(organiser: Person) -> None:
    """Each type in a queue is a link to its event."""
    page = organiser.get("/stream/asyncapi").text

    links = set(re.findall(r'href="#(\w+)"', page)) - {"main"}
    assert links
    assert links <= set(re.findall(r'id="(\w+)"', page))


def test_the_page_is_one_of_the_stream(organiser: Person) -> None:
    """The other pages of the stream lead to it, and it is marked as the current one."""
    assert 'href="/stream/asyncapi"' in organiser.get("/stream").text
    assert 'href="/stream/asyncapi" aria-current="page"' in organiser.get("/stream/asyncapi").text


def test_programs_get_the_document(organiser: Person) -> None:
    """With the token of an organiser as well; it is that of the command."""
    token = organiser.post("/api/tokens", json={"name": "a script"}).json()["token"]

    answer = organiser.get("/asyncapi.json", headers={"Authorization": f"Bearer {token}"})

    assert answer.headers["content-type"] == "application/json"
    document = answer.json()
    assert document["asyncapi"] == "3.0.0"
    assert set(map(wire_type, EVENTS)) <= document["channels"].keys()
    assert document["servers"]["broker"]["protocol"] == "memory"


def test_the_broker_is_not_shown_to_others(member: Person, visitor: Person) -> None:
    """The document names hosts: members and visitors get neither it nor the page."""
    for path in ("/asyncapi.json", "/stream/asyncapi"):
        assert member.get(path).status_code == 403
        assert visitor.get(path).status_code == 401
