"""The page of one event: what became of it, step by step."""

import re
from uuid import UUID

from fastapi.testclient import TestClient

from reading_club.app.application import Application
from reading_club.app.testing.dead_letters import a_dead_letter, store_dead_letters
from reading_club.app.testing.person import HTML, Person
from reading_club.app.web.stream.event_page import WORDS, step_words
from reading_club.eventstream.ports.dead_letters import RELAY
from reading_club.eventstream.ports.event_lives import LifeStep, StepKind
from reading_club.eventstream.ports.inbox import InboxKey
from reading_club.eventstream.run import subscribe
from reading_club.service.subscribers import SUBSCRIBERS

BOOK = {"title": "A very secret title", "author": "Eric Evans", "isbn": "0-321-12521-5"}
STEPS = re.compile(r"<section.*?aria-labelledby=\"life\">(.*?)</section>", re.DOTALL)


def event_of_a_book(organiser: Person) -> UUID:
    """Add a book, and return the id of its event."""
    organiser.post("/api/books", json=BOOK).raise_for_status()
    page = organiser.get("/stream/events?type=book_registered_v1").text
    return UUID(re.findall(r'<h3><a href="/stream/events/([\w-]{36})">', page)[0])


def handle(client: TestClient, application: Application, subscriber: str, id_: UUID) -> None:
    """Subscribe all, and mark an event as handled by one."""

    async def insert() -> None:
        await subscribe(application.unit_of_work, SUBSCRIBERS)
        async with application.writing() as transaction:
            await transaction.uow.inbox.insert_new(InboxKey(subscriber, id_))

    assert client.portal is not None
    client.portal.call(insert)


def test_the_steps_are_in_order(
    organiser: Person, client: TestClient, application: Application
) -> None:
    """Commit, handled by one subscriber, a dead letter of the other with its error."""
    id_ = event_of_a_book(organiser)
    handle(client, application, "activity", id_)
    letter = a_dead_letter("catalogue", "KeyError: 'languages'", message_id=id_)
    store_dead_letters(client, application, letter)

    page = organiser.get(f"/stream/events/{id_}").text
    (steps,) = STEPS.findall(page)

    assert f"Id {id_}" in page
    assert re.findall(r"<h3>([^<]+)</h3>", steps) == [
        "Committed",
        "Waits to be sent to all subscribers",
        "Handled by activity",
        "Dead letter of catalogue",
    ]
    assert "KeyError: &#39;languages&#39;" in steps
    assert " UTC</time>" in steps
    assert re.search(r"\+\d+\.\d{3} s", steps)


def test_the_page_does_not_say_what_the_event_says(organiser: Person) -> None:
    """Neither the page of the event nor of its command has the title of the book."""
    id_ = event_of_a_book(organiser)
    page = organiser.get(f"/stream/events/{id_}").text
    command = re.findall(r'href="(/stream/events/[\w-]{36})"', page)

    assert "secret" not in page
    assert "Caused by" in page
    assert all("secret" not in organiser.get(link).text for link in command)


def test_the_request_leads_to_all_that_it_did(organiser: Person) -> None:
    """The correlation id is a link to the list."""
    page = organiser.get(f"/stream/events/{event_of_a_book(organiser)}").text

    assert re.search(r'Request <a href="/stream/events\?id=([\w-]{36})">\1</a>', page)


def test_an_unknown_event_is_told(organiser: Person) -> None:
    """404 says which thing is not there."""
    answer = organiser.get(f"/stream/events/{UUID(int=1)}", headers=HTML)

    assert answer.status_code == 404
    assert "This event is not in the history" in answer.text


def test_every_kind_of_step_has_words() -> None:
    """A sentence with the name of the subscriber; the relay and all subscribers have names."""
    kinds = set(StepKind.__args__)  # type: ignore[attr-defined]  # of a Literal

    assert set(WORDS) == kinds
    assert step_words(LifeStep(at=None, kind="handled", subscriber="a")) == "Handled by a"
    assert step_words(LifeStep(at=None, kind="re-sent")).startswith("Sent to all subscribers once")
    step = LifeStep(at=None, kind="dead letter", subscriber=RELAY)
    assert step_words(step) == "Dead letter of the relay"
