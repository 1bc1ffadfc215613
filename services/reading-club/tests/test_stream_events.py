"""The page ``/stream/events``: messages by type, time and id."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from lastuuid import uuid7

from reading_club.app.testing.person import Person
from reading_club.app.web.stream import event_list
from reading_club.eventstream.ports.event_lives import MessageSummary
from reading_club.testing.builders import an_isbn

NEXT = re.compile(r'class="older" href="([^"]+)">Older events')
IDS = re.compile(r'<h3><a href="/stream/events/([\w-]{36})">')
REQUEST = re.compile(r'href="(/stream/events\?id=[\w-]{36})"')


def add_books(person: Person, number: int) -> None:
    """Add books, each by a request of its own."""
    for place in range(number):
        book = {"title": f"Book {place}", "author": "Anon", "isbn": an_isbn().canonical}
        assert person.post("/api/books", json=book).status_code == 201


def a_summary(at: datetime) -> MessageSummary:
    """Return a message that was recorded at this time."""
    return MessageSummary(
        message_id=uuid7(), type="t_v1", created_at=at, recorded_at=at, published=True
    )


def test_no_older_event_is_said_in_words(organiser: Person) -> None:
    """The page after the last leads back to the newest."""
    page = organiser.get("/stream/events?before=2020-01-01T00:00Z").text

    assert "There are no older events." in page
    assert '<a href="/stream/events">Newest events</a>' in page


def test_messages_are_listed_by_type(organiser: Person) -> None:
    """An event and its command are listed, and each alone by its type."""
    add_books(organiser, 2)

    page = organiser.get("/stream/events").text
    events = organiser.get("/stream/events?type=book_registered_v1").text

    assert len(IDS.findall(page)) == 6
    assert page.count("· not sent") == 3
    assert len(IDS.findall(events)) == 2
    assert "<option selected>book_registered_v1</option>" in events


def test_messages_are_listed_by_the_request_that_led_to_them(organiser: Person) -> None:
    """The link of a message leads to all that have its correlation id."""
    add_books(organiser, 2)
    link = REQUEST.findall(organiser.get("/stream/events").text)[0]

    assert len(IDS.findall(organiser.get(link).text)) == 2


def test_the_id_of_a_message_leads_to_its_page(organiser: Person) -> None:
    """An operator who has an id from a log finds the message by the same field."""
    add_books(organiser, 1)
    id_ = IDS.findall(organiser.get("/stream/events").text)[0]

    answer = organiser.get(f"/stream/events?id={id_}")

    assert (answer.status_code, answer.headers["location"]) == (303, f"/stream/events/{id_}")


def test_messages_are_listed_by_time(organiser: Person) -> None:
    """A time without a zone is UTC."""
    add_books(organiser, 1)
    now = datetime.now(UTC)
    past, future = ((now + timedelta(hours=h)).strftime("%Y-%m-%dT%H:%M") for h in (-2, 2))

    for fields, number in ((f"since={past}&until={future}", 4), (f"since={future}", 0)):
        page = organiser.get(f"/stream/events?{fields}").text
        assert len(IDS.findall(page)) == number
    assert "No event fits." in page


@pytest.mark.parametrize(
    ("field", "text", "words"),
    [
        ("since", "yesterday", "That is not a time"),
        ("until", "0001-01-01T00:00+14:00", "That is not a time"),
        ("until", "10000-01-01T00:00", "That is not a time"),
        ("id", "123", "That is not an id"),
        ("type", "no\x00pe", "A type has letters"),
        ("before", "x", "The link is cut short"),
    ],
)
def test_a_field_that_does_not_fit_is_told(
    organiser: Person, field: str, text: str, words: str
) -> None:
    """422, the error at its field, and no list that was not asked for."""
    answer = organiser.get(f"/stream/events?{field}={quote(text)}")

    assert answer.status_code == 422
    assert words in answer.text
    assert "Error: Events" in answer.text
    assert f'id="{field}-error"' in answer.text or field == "before"
    assert "The newest" not in answer.text


def test_every_message_is_on_one_page(organiser: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pages, from the newest to the oldest, have each message once, and keep the filter."""
    monkeypatch.setattr(event_list, "ROWS", 4)
    add_books(organiser, 7)
    seen, page, link = list[str](), "", "/stream/events?type=book_registered_v1"

    for _ in range(8):
        page = organiser.get(link).text
        seen += IDS.findall(page)
        following: Any = NEXT.search(page)
        if following is None:
            break
        link = following[1].replace("&amp;", "&")

    assert len(seen) == len(set(seen)) == 7
    assert "Newest events" in page
    assert "type=book_registered_v1" in link


def test_messages_of_one_time_stay_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that the next page begins with are not on this one, unless they fill it."""
    monkeypatch.setattr(event_list, "ROWS", 2)
    now = datetime.now(UTC)
    new, old = a_summary(now), [a_summary(now - timedelta(seconds=1)) for _ in range(3)]

    assert event_list.page_of([new, *old]) == ([new], now)
    assert event_list.page_of(old) == (old[:2], old[0].recorded_at)
    assert event_list.page_of(old[:2]) == (old[:2], None)


def test_each_page_is_in_the_order_of_time() -> None:
    """The first page has a limit of time too, so that the next one begins where it ends."""
    wanted = event_list.Wanted()

    assert wanted.filter().until == event_list.END
