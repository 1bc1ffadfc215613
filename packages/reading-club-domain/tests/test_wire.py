"""Decoding of messages on the wire to typed events."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lastuuid import uuid7
from messagebus.service.eventstream import MessageSerializer

from reading_club.domain.import_messages import ImportStepDue
from reading_club.domain.messages import EVENTS, BookRegistered, BookRegisteredV2, ClubEvent
from reading_club.eventstream.errors import UnknownEvent, UnreadableMessage
from reading_club.eventstream.wire import EventRegistry
from reading_club.service.versions import VERSIONS
from reading_club.testing.builders import a_book, a_review, a_reviewer, an_event


def envelope(event: ClubEvent, **changes: Any) -> dict[str, Any]:
    """Return the message on the wire, with some fields changed."""
    return {**MessageSerializer().serialize_message(event), **changes}


def one_of_each() -> list[ClubEvent]:
    """Return an event of every type."""
    book, reviewer = a_book(), a_reviewer()
    book.correct(None, "Momo", "Michael Ende", reviewer.id)
    book.withdraw(reviewer.id)
    review = a_review(book=book, reviewer=reviewer)
    review.revise(1, "no")
    review.withdraw(by=reviewer.id)
    reviewer.erase()
    events = [e for a in (book, reviewer, review) for e in a.messages if isinstance(e, ClubEvent)]
    later = [VERSIONS.upcast(event, {BookRegisteredV2}) for event in events]
    registered = [event for event in later if isinstance(event, BookRegisteredV2)]
    return [*events, *registered, ImportStepDue(import_id=uuid7(), step=1)]


def test_every_event_survives_the_wire() -> None:
    """Decoding gives the same event, with its id and its time."""
    events = one_of_each()

    decoded = [EventRegistry(EVENTS).decode(json.loads(json.dumps(envelope(e)))) for e in events]

    assert {type(event) for event in events} == set(EVENTS)
    assert decoded == events
    assert [e.message_id for e in decoded] == [e.message_id for e in events]
    assert [e.created_at for e in decoded] == [e.created_at for e in events]


@pytest.mark.parametrize("type_", ["book_registered_v9", "book_burned_v1", ""])
def test_an_unknown_name_or_version_is_told_apart(type_: str) -> None:
    """An unknown type has an error of its own, as a later release may know it."""
    with pytest.raises(UnknownEvent):
        EventRegistry(EVENTS).decode(envelope(an_event(), type=type_))


def test_a_field_that_a_later_producer_added_is_ignored() -> None:
    """A tolerant reader ignores unknown fields."""
    event = an_event()
    message = envelope(event)
    message["payload"] = json.dumps({**json.loads(message["payload"]), "pages": 560})

    assert EventRegistry(EVENTS).decode(message) == event


def test_a_payload_cannot_pretend_to_be_another_message() -> None:
    """Id, time and metadata come from the envelope, whatever the payload says."""
    event = an_event()
    message = envelope(event)
    forged = {"message_id": str(a_book().id), "metadata": {"name": "x", "schema_version": 9}}
    message["payload"] = json.dumps({**json.loads(message["payload"]), **forged})

    decoded = EventRegistry(EVENTS).decode(message)

    assert decoded.message_id == event.message_id
    assert decoded.metadata == event.metadata


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "not a uuid"},
        {"created_at": "2026-01-01T00:00:00"},
        {"created_at": None},
        {"payload": "not json"},
        {"payload": "[]"},
        {"payload": "{}"},
        {"payload": "[" * 100_000},
        {"payload": {"isbn": "9780321125217"}},
        {"payload": '{"id": "x", "isbn": "1", "title": "", "author": ""}'},
    ],
)
def test_a_broken_envelope_is_unreadable(changes: dict[str, Any]) -> None:
    """Each invalid envelope raises UnreadableMessage, whose text omits the content."""
    with pytest.raises(UnreadableMessage) as error:
        EventRegistry(EVENTS).decode(envelope(an_event(title="Private"), **changes))

    assert "Private" not in str(error.value)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists, max_leaves=10))
def test_garbage_is_unreadable(message: object) -> None:
    """Any value that is no envelope raises UnreadableMessage."""
    with pytest.raises(UnreadableMessage):
        EventRegistry(EVENTS).decode(message)


def test_a_catalogue_may_be_smaller() -> None:
    """A catalogue may be limited to some types; all others are unknown."""
    catalogue = EventRegistry([BookRegistered])

    with pytest.raises(UnknownEvent):
        catalogue.decode(envelope(a_reviewer().messages[0]))  # type: ignore[arg-type]  # recorded as Message
