"""Dead letters of unreadable messages, and of those that the database refuses."""

import json
import logging
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from celery.exceptions import Reject

from reading_club.adapters.eventstream.testing import ConsumerFixture, on_the_wire
from reading_club.adapters.eventstream.worker.event_task import EventTask
from reading_club.eventstream.errors import StorageUnavailable
from reading_club.eventstream.ports.dead_letters import DeadLetter
from reading_club.testing.builders import an_event

NOW = datetime(2024, 2, 3, tzinfo=UTC)
SECRET = "hunter2"

WIRE = on_the_wire(an_event())
UNREADABLE: dict[str, Any] = {
    "none": None,
    "list": [1, 2],
    "text": "text",
    "number": 7,
    "empty": {},
    "no id": {key: WIRE[key] for key in ("created_at", "type", "payload")},
    "no type": {key: WIRE[key] for key in ("id", "created_at", "payload")},
    "no payload": {key: WIRE[key] for key in ("id", "created_at", "type")},
    "id": WIRE | {"id": 7},
    "id text": WIRE | {"id": "not-a-uuid"},
    "created_at": WIRE | {"created_at": "yesterday"},
    "type": WIRE | {"type": ["a"]},
    "type text": WIRE | {"type": "\x00\ud800" + "x" * 10_000},
    "payload": WIRE | {"payload": {"not": "text"}},
    "payload text": WIRE | {"payload": "{"},
    "payload list": WIRE | {"payload": "[]"},
    "payload null": WIRE | {"payload": "null"},
    "payload fields": WIRE | {"payload": "{}"},
    "payload deep": WIRE | {"payload": "[" * 100_000},
    "payload number": WIRE | {"payload": "9" * 10_000},
    "payload text with NUL": WIRE | {"payload": json.dumps({"title": "\x00"})},
    "huge": WIRE | {"payload": "x" * 2_000_000},
    "surrogates": {"\ud800": "\udfff"},
    "not a number": {"x": float("nan"), "y": float("inf")},
    "what kombu restores": {"when": NOW, "who": UUID(int=7), "what": b"bytes"},
    "keys": {1: 2, "a": 3},
}


def refuse_dead_letters(monkeypatch: pytest.MonkeyPatch, errors: list[Exception]) -> None:
    """Let the storage of dead letters raise these errors first."""
    add = "reading_club.adapters.memory.dead_letters.InMemoryDeadLetters.add"

    async def refuse(self: Any, letter: DeadLetter) -> None:
        if errors:
            raise errors.pop(0)
        key = (letter.subscriber, letter.message_id)
        self.transaction.write(lambda tables: tables.dead_letters.setdefault(key, letter))

    monkeypatch.setattr(add, refuse)


def test_an_unknown_type_is_set_aside(consumer: EventTask, club: ConsumerFixture) -> None:
    """The dead letter has subscriber, id, type, envelope and error."""
    message = on_the_wire(an_event(), type="book_burnt_v1")

    consumer.receive(message)

    (letter,) = club.dead_letters
    assert letter.subscriber == "activity"
    assert str(letter.message_id) == message["id"]
    assert letter.type == "book_burnt_v1"
    assert letter.envelope == message
    assert "book_burnt_v1" in letter.error
    assert letter.set_aside_at == NOW


@pytest.mark.parametrize("message", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_an_unreadable_message_becomes_a_dead_letter(
    consumer: EventTask, club: ConsumerFixture, message: Any
) -> None:
    """Any unreadable message is one dead letter, and the next message takes effect."""
    event = an_event()

    for arrived in (message, on_the_wire(event), message):
        consumer.receive(arrived)

    (letter,) = club.dead_letters
    assert list(club.database.activity) == [event.message_id]
    assert DeadLetter.model_validate_json(letter.model_dump_json()).error == letter.error
    assert "\x00" not in letter.error + letter.type
    assert len(letter.error) <= 10_000
    assert len(letter.type) <= 2_000
    assert club.waits == []


def test_messages_without_an_id_are_told_apart_by_their_text(
    consumer: EventTask, club: ConsumerFixture
) -> None:
    """Messages without an id share a dead letter if their content is equal, in any order."""
    for message in ({"a": 1, "b": 2}, {"b": 2, "a": 1}, {"a": 1, "b": 3}):
        consumer.receive(message)

    assert len(club.dead_letters) == 2
    assert all(letter.message_id.version == 5 for letter in club.dead_letters)


def test_a_message_is_held_until_its_dead_letter_can_be_stored(
    consumer: EventTask, club: ConsumerFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An outage of the dead letter's storage holds the message."""
    errors: list[Exception] = [StorageUnavailable("away"), StorageUnavailable("away")]
    refuse_dead_letters(monkeypatch, errors)

    consumer.receive({"broken": True})

    (letter,) = club.dead_letters
    assert letter.envelope == {"broken": True}
    assert len(club.waits) == 2


def test_a_dead_letter_that_the_database_refuses_is_kept_as_text(
    consumer: EventTask, club: ConsumerFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the database refuses NUL in JSON, the envelope is stored as ASCII text."""
    refuse_dead_letters(monkeypatch, [ValueError("unsupported Unicode escape sequence")])

    consumer.receive({"broken": "\x00"})

    (letter,) = club.dead_letters
    assert letter.envelope == '{"broken": "\\u0000"}'
    assert club.waits == []


def test_a_dead_letter_that_is_always_refused_is_not_lost(
    consumer: EventTask, club: ConsumerFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dead letter that is always refused holds its message, which a stop requeues."""
    club.stop_after = 2
    refuse_dead_letters(monkeypatch, [ValueError("bug")] * 4)

    with pytest.raises(Reject):
        consumer.receive({"broken": True})

    assert club.dead_letters == []


def test_the_log_names_the_message_and_shows_nothing_of_it(
    consumer: EventTask, caplog: pytest.LogCaptureFixture
) -> None:
    """The log record has the ids as fields, and hides the content."""
    message = on_the_wire(an_event(), payload=json.dumps({"title": SECRET}))

    with caplog.at_level(logging.DEBUG):
        consumer.receive(message)

    (record,) = [record for record in caplog.records if record.name.startswith("reading_club")]
    fields = vars(record)
    assert fields["message_id"] == message["id"]
    assert fields["message_type"] == "book_registered_v1"
    assert fields["subscriber"] == "activity"
    assert SECRET not in str(fields)
