"""The page ``/stream``: the state of the stream, with charts and buttons."""

import re
from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient

from reading_club.app.application import Application
from reading_club.app.testing.dead_letters import a_dead_letter, store_dead_letters
from reading_club.app.testing.person import HTML, Person, follow, send
from reading_club.eventstream.errors import StorageBusy

BOOK = {"title": "Domain-Driven Design", "author": "Eric Evans", "isbn": "0-321-12521-5"}


class BusyStatistics:
    """Statistics of a database whose tables are locked."""

    def __getattr__(self, _: str) -> Any:
        async def busy(*_: Any, **__: Any) -> None:
            raise StorageBusy("the database is locked")

        return busy


@pytest.mark.usefixtures("staffed")
def test_a_quiet_stream_is_said_to_be_well(organiser: Person) -> None:
    """Nothing is behind, there are no dead letters, and the processes are listed."""
    page = organiser.get("/stream").text

    assert "All is well" in page
    assert "1 event waits to be sent" in page
    assert page.count("nothing behind") == 4
    assert page.count("no dead letters") == 4
    assert "<h3>worker catalogue</h3>" in page
    assert page.count("<svg") == 5
    assert "Published: 1 in the last 60 minutes, 1 in the last one." in page
    assert "Handled: none in the last 60 minutes." in page


def test_a_culprit_is_a_sentence(organiser: Person) -> None:
    """What needs a person comes first."""
    page = organiser.get("/stream").text

    assert "Something needs a person." in page
    assert '<li dir="auto">No relay is running.</li>' in page


def test_events_are_counted(
    organiser: Person, client: TestClient, application: Application
) -> None:
    """Those that wait, that a subscriber has yet to handle, and that it could not handle."""
    organiser.post("/api/books", json=BOOK).raise_for_status()
    store_dead_letters(client, application, a_dead_letter("catalogue"))

    page = organiser.get("/stream").text

    assert "2 events wait to be sent, the oldest for" in page
    assert "Published: 2 in the last 60 minutes, 2 in the last one." in page
    assert '<a href="/stream/dead-letters">1 dead letter</a>' in page


def test_charts_are_for_the_eye_and_words_for_all(organiser: Person) -> None:
    """Each chart is hidden from screen readers, has no style of its own, and is said in words."""
    organiser.post("/api/books", json=BOOK).raise_for_status()

    page = organiser.get("/stream").text

    assert re.findall(r"<svg[^>]+>", page)
    assert all('aria-hidden="true"' in image for image in re.findall(r"<svg[^>]+>", page))
    assert "style=" not in page
    assert page.count("in the last 60 minutes") == page.count("<svg")


def test_a_watched_page_has_nothing_to_lose(organiser: Person) -> None:
    """It is loaded anew every 10 seconds, and has no form; only who asks for it gets it."""
    watched, page = organiser.get("/stream?watch=yes"), organiser.get("/stream")

    assert watched.headers["refresh"] == "10"
    assert "<form" not in watched.text
    assert 'href="/stream"' in watched.text
    assert "refresh" not in page.headers
    assert "<form" in page.text


def test_a_locked_database_is_told(organiser: Person, application: Application) -> None:
    """What cannot be counted is said not to be known, and the rest is shown."""
    busy: Any = BusyStatistics()
    application.dependencies = replace(application.dependencies, statistics=busy)

    answer = organiser.get("/stream")

    assert answer.status_code == 200
    assert "How many events wait is not known." in answer.text
    assert "How far they have come is not known." in answer.text
    assert "locked" in answer.text


def test_only_organisers_have_the_link(organiser: Person, member: Person, visitor: Person) -> None:
    """The navigation of members and visitors does not lead to a page that refuses them."""
    link = '<a href="/stream"'

    assert link in organiser.get("/").text
    assert link not in member.get("/").text
    assert link not in visitor.get("/").text
    assert member.get("/stream", headers=HTML).status_code == 403
    assert visitor.get("/stream", headers=HTML).headers["location"] == "/login?next=%2Fstream"


def test_a_subscriber_is_paused_and_resumed(organiser: Person) -> None:
    """The page says since when it is paused, and has the button for the other way."""
    page = follow(organiser, send(organiser, "/stream/subscribers/catalogue/pause"))

    assert "catalogue is paused." in page
    assert "<strong>paused <time" in page
    assert "<p>Paused: catalogue.</p>" in page
    assert 'aria-label="Resume catalogue"' in page
    assert 'aria-label="Pause activity"' in page

    page = follow(organiser, send(organiser, "/stream/subscribers/catalogue/resume"))

    assert "catalogue goes on." in page
    assert "<strong>paused" not in page
    assert "<p>Paused" not in page


def test_an_unknown_subscriber_is_not_paused(organiser: Person) -> None:
    """404, in the words of the club."""
    for action in ("pause", "resume"):
        answer = send(organiser, f"/stream/subscribers/nobody/{action}")

        assert answer.status_code == 404
        assert "The club has no such subscriber" in answer.text


def test_the_notice_names_subscribers_only(organiser: Person) -> None:
    """An address that was made up puts no words into the page."""
    page = organiser.get("/stream?said=paused&subscriber=the+moon").text

    assert "moon" not in page
    assert 'role="status"' not in page
