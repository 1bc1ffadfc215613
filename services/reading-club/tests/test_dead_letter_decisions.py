"""What organisers do with a group of dead letters: it is sent again, or given up."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from reading_club.app.application import Application
from reading_club.app.testing.dead_letters import (
    a_dead_letter,
    store_dead_letters,
    store_some_dead_letters,
)
from reading_club.app.testing.person import Person, follow, send
from reading_club.eventstream.errors import StorageBusy
from reading_club.eventstream.ports.dead_letters import AuditEntry, DeadLetter
from reading_club.eventstream.ports.inbox import InboxKey

GROUP = "/stream/dead-letters/group?subscriber=activity&type=book_registered_v1&error=KeyError"
FIELD = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')
HOUR = timedelta(hours=1)


@pytest.fixture
def letters(client: TestClient, application: Application) -> list[DeadLetter]:
    """Two dead letters of one group, one of another, and one that is no event."""
    return store_some_dead_letters(client, application)


@pytest.fixture
def left(client: TestClient, application: Application) -> Any:
    """A function that returns the dead letters that are left, and the audit log."""

    async def read() -> tuple[set[Any], list[AuditEntry]]:
        async with application.reading() as uow:
            found = await uow.dead_letters.page()
            audit = await uow.audit.page()
        return {letter.message_id for letter in found}, list(audit)

    assert client.portal is not None
    portal = client.portal
    return lambda: portal.call(read)


def form_of(organiser: Person, address: str = GROUP) -> dict[str, str]:
    """Return the hidden fields of the forms on a group's page."""
    return dict(FIELD.findall(organiser.get(address).text))


def test_a_group_is_sent_again(organiser: Person, letters: list[DeadLetter], left: Any) -> None:
    """Its dead letters are gone, with an entry in the audit log each; the others stay."""
    page = follow(organiser, send(organiser, "/stream/dead-letters/retry", **form_of(organiser)))

    assert "2 events are sent again." in page
    remaining, audit = left()
    assert remaining == {letter.message_id for letter in letters[2:]}
    assert [(entry.action, entry.subscriber) for entry in audit] == [("retry", "activity")] * 2
    assert "3 events wait to be sent" in organiser.get("/stream").text


@pytest.mark.parametrize(("conflicts", "status"), [(2, 303), (3, 503)])
def test_a_group_waits_for_other_writers(
    organiser: Person,
    letters: list[DeadLetter],
    application: Application,
    left: Any,
    conflicts: int,
    status: int,
) -> None:
    """A transaction that met another writer is done again, and a third conflict is told."""
    form, unit_of_work, met = form_of(organiser), application.unit_of_work, list[str]()

    def busy() -> Any:
        if len(met) < conflicts:
            met.append("a writer")
            raise StorageBusy("the database is locked by another writer")
        return unit_of_work()

    application.unit_of_work = busy
    answer = send(organiser, "/stream/dead-letters/retry", **form)

    assert answer.status_code == status
    assert len(left()[0]) == (len(letters) if status == 503 else len(letters) - 2)


def test_what_came_after_the_page_stays(
    organiser: Person,
    letters: list[DeadLetter],
    client: TestClient,
    application: Application,
    left: Any,
) -> None:
    """A form decides on the dead letters that were shown above it, and on no later one."""
    form = form_of(organiser)
    late = a_dead_letter(error="KeyError: 'c'", set_aside_at=letters[1].set_aside_at + HOUR)
    store_dead_letters(client, application, late)

    send(organiser, "/stream/dead-letters/discard", **form, sure="yes")

    assert late.message_id in left()[0]
    assert letters[1].message_id not in left()[0]


def test_who_discards_says_so_twice(
    organiser: Person, letters: list[DeadLetter], left: Any
) -> None:
    """Without the box nothing is discarded, and the error is at the box."""
    answer = send(organiser, "/stream/dead-letters/discard", **form_of(organiser))

    assert answer.status_code == 422
    assert "Nothing was discarded." in answer.text
    assert '<a href="#sure">Tick the box' in answer.text
    assert 'id="sure-error"' in answer.text
    assert len(left()[0]) == len(letters)


def test_a_discarded_group_counts_as_handled(
    organiser: Person, letters: list[DeadLetter], left: Any, client: TestClient, application: Any
) -> None:
    """Each has an inbox row and an entry in the audit log; the event is not sent."""
    form = form_of(organiser) | {"sure": "yes"}
    page = follow(organiser, send(organiser, "/stream/dead-letters/discard", **form))

    async def is_new() -> bool:
        async with application.writing() as transaction:
            key = InboxKey("activity", letters[0].message_id)
            return bool(await transaction.uow.inbox.insert_new(key))

    assert "2 events are given up for good." in page
    remaining, audit = left()
    assert len(remaining) == 2
    assert {entry.action for entry in audit} == {"discard"}
    assert client.portal is not None
    assert not client.portal.call(is_new)


def test_what_is_no_event_cannot_be_sent(organiser: Person, letters: list[DeadLetter]) -> None:
    """Its page has no form for it; a form that is sent all the same does nothing."""
    address = "/stream/dead-letters/group?subscriber=activity&error=UnreadableMessage"
    page = organiser.get(address).text

    assert "cannot be sent again: it is no event" in page
    assert 'action="/stream/dead-letters/retry"' not in page
    assert str(letters[3].message_id) in page
    answer = send(organiser, "/stream/dead-letters/retry", **form_of(organiser, address))
    assert "Nothing was done" in follow(organiser, answer)


def test_a_group_that_is_gone_is_told(organiser: Person) -> None:
    """A page that was open too long leads back to the list, and its form does nothing."""
    assert "This group is empty by now." in organiser.get(GROUP).text

    form = {"subscriber": "activity", "until": datetime.now(UTC).isoformat()}
    answer = send(organiser, "/stream/dead-letters/retry", **form)

    assert "Nothing was done" in follow(organiser, answer)
