"""What was typed into the form of a review is never lost, and the stored review never missing."""

import re
from typing import Any
from uuid import UUID

import pytest

from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.app.application import Application
from reading_club.app.testing.person import Person
from reading_club.domain.messages import (
    BookRegistered,
    ReviewCreated,
    ReviewRevised,
    ReviewWithdrawn,
)
from reading_club.eventstream.wire import EventRegistry, wire_type
from reading_club.service.projections import catalogue

BOOK = {"title": "Domain-Driven Design", "author": "Eric Evans", "isbn": "0-321-12521-5"}
GOOD = {"rating": "7", "comment": "Good.", "version": ""}
EVENTS = (BookRegistered, ReviewCreated, ReviewRevised, ReviewWithdrawn)


@pytest.fixture
def page(organiser: Person) -> str:
    """The path of a book's page."""
    return f"/books/{organiser.post('/api/books', json=BOOK).json()['id']}"


def stored(person: Person, page: str) -> Any:
    """Return the person's review of the book, as the API has it."""
    return person.get(f"/api{page}/review").json()


def send(person: Person, page: str, **said: Any) -> Any:
    """Send the form with these fields."""
    return person.post(f"{page}/review", data={**GOOD, **said})


def fields(text: str) -> tuple[str, str, str]:
    """Return the version, the chosen rating and the comment in the form of a page."""
    (version,) = re.findall(r'name="version" value="(.*?)"', text)
    chosen = re.findall(r'name="rating" value="(\d+)"[^>]*? checked', text)
    (comment,) = re.findall(r"<textarea[^>]*>\n(.*?)</textarea>", text, re.S)
    return version, "".join(chosen), comment


def count(application: Application, transport: RecordingOutboxTransport, member: Person) -> None:
    """Handle all events as the subscriber of the catalogue."""
    registry, types = EventRegistry(EVENTS), [wire_type(event) for event in EVENTS]

    async def handle() -> None:
        async with application.writing() as transaction:
            for event in transport.handed_over:
                if event["type"] in types:
                    await catalogue.handle(registry.decode(event), transaction.uow)

    assert member.client.portal is not None
    member.client.portal.call(handle)


def test_a_form_that_is_sent_twice_is_stored_once(member: Person, page: str) -> None:
    """The second answer is that of the first."""
    first = [send(member, page).headers["location"] for _ in range(2)]
    second = [send(member, page, rating="9", version="1").headers["location"] for _ in range(2)]

    assert first == [f"{page}?said=reviewed"] * 2
    assert second == [f"{page}?said=revised"] * 2
    assert stored(member, page)["version"] == 2


@pytest.mark.parametrize("version", ["", "1"])
def test_a_change_meanwhile_is_shown_beside_what_was_typed(
    member: Person, page: str, version: str
) -> None:
    """409 with both, and the form can be sent again on the version that is shown."""
    send(member, page)
    send(member, page, rating="3", comment="From my phone", version="1")

    answer = send(member, page, rating="9", comment="From my desk", version=version)

    assert answer.status_code == 409
    assert "Your review was changed meanwhile" in answer.text
    assert '<p class="comment" dir="auto">From my phone</p>' in answer.text
    assert fields(answer.text) == ("2", "9", "From my desk")
    assert "<details open>" in answer.text
    again = send(member, page, rating="9", comment="From my desk", version="2")
    assert again.headers["location"] == f"{page}?said=revised"


def test_a_withdrawal_meanwhile_is_said(member: Person, page: str) -> None:
    """409; the form that is shown writes the review again."""
    send(member, page)
    member.delete(f"/api{page}/review")

    answer = send(member, page, comment="Still good.", version="1")

    assert answer.status_code == 409
    assert "Your review was withdrawn meanwhile" in answer.text
    assert fields(answer.text) == ("", "7", "Still good.")


def test_what_was_typed_outlives_the_session(member: Person, visitor: Person, page: str) -> None:
    """401 with the text in the form and a link to log in; then the form can be sent."""
    send(member, page)

    answer = send(visitor, page, rating="8", comment="Long thoughts", version="1")

    assert answer.status_code == 401
    assert "Your session has ended" in answer.text
    assert '<a href="/login" target="_blank">' in answer.text
    assert fields(answer.text) == ("1", "8", "Long thoughts")
    assert stored(member, page)["comment"] == "Good."
    assert send(member, page, rating="8", comment="Long thoughts", version="1").status_code == 303


def test_a_club_for_members_shows_nothing_beside_what_was_typed(
    organiser: Person, visitor: Person, page: str
) -> None:
    """A visitor's form comes back without the book and its reviews, also for an unknown book."""
    send(organiser, page, comment="For members alone.")
    change = {"open_to_read": False}
    is_changed = organiser.patch("/api/club", json=change, headers={"If-Match": "*"})

    answer = send(visitor, page, rating="8", comment="Long thoughts")
    unknown = send(visitor, f"/books/{UUID(int=7)}", rating="8", comment="Long thoughts")

    assert (is_changed.status_code, answer.status_code, unknown.status_code) == (200, 401, 401)
    assert fields(answer.text) == ("", "8", "Long thoughts")
    assert '<a href="/login" target="_blank">' in answer.text
    for words in ("For members alone.", BOOK["title"], BOOK["author"], "Olga"):
        assert words not in answer.text


def test_my_review_is_never_missing(
    member: Person, page: str, application: Application, transport: RecordingOutboxTransport
) -> None:
    """It is shown before the ratings count it; so is a revision, and a withdrawal is told."""
    waiting = "Your review is counted in a moment."
    send(member, page)
    first = member.get(page).text
    count(application, transport, member)
    counted = member.get(page).text
    send(member, page, rating="9", version="1")
    revised = member.get(page).text
    member.post(f"{page}/review/withdraw", data={"sure": "yes"})
    withdrawn = member.get(page).text
    count(application, transport, member)

    assert "The ratings are counted in a moment." in first
    assert "<strong>7.0 of 10</strong> from 1 review" in counted
    assert waiting not in counted
    assert "9 of 10" in revised
    assert waiting in revised
    assert "Your withdrawal is counted in a moment." in withdrawn
    assert "This book has no rating yet." in member.get(page).text
