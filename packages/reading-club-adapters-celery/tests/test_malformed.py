"""Malformed task messages become dead letters, and the worker goes on."""

import json
from collections.abc import Iterator

import pytest
from celery import Celery

from reading_club.adapters.eventstream.app import worker_app
from reading_club.adapters.eventstream.testing import ConsumerFixture, on_the_wire
from reading_club.adapters.eventstream.testing.malformed_messages import (
    ANONYMOUS,
    BODY,
    EVENT,
    JSON,
    SECRET,
    WITH_EVENT,
    Sent,
    body,
    header,
)
from reading_club.adapters.eventstream.testing.worker import InMemoryWorker
from reading_club.adapters.eventstream.worker.event_task import EventTask
from reading_club.eventstream.errors import TransientFailure
from reading_club.service.projections import activity
from reading_club.testing.builders import an_event


class Worker(InMemoryWorker):
    """An in-memory worker that takes malformed messages."""

    def take(self, sent: Sent) -> None:
        """Receive one message."""
        text, headers, options = sent
        self.receive(text, headers, **{"content_type": JSON, "content_encoding": "utf-8"} | options)


@pytest.fixture
def worker(
    memory_app: Celery, consumer: EventTask, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Worker]:
    """A worker without messages."""
    assert memory_app.conf.broker_url == "memory://"
    app = worker_app("memory://", activity)
    monkeypatch.setattr("celery._state._tls.current_app", None)
    consumer.register(app)
    worker = Worker(app)
    yield worker
    worker.close()
    app.close()


def cases(kinds: dict[str, Sent]) -> pytest.MarkDecorator:
    """Run the test with each message."""
    return pytest.mark.parametrize("sent", kinds.values(), ids=kinds.keys())


@cases(ANONYMOUS | WITH_EVENT)
def test_a_malformed_message_becomes_a_dead_letter(
    worker: Worker, club: ConsumerFixture, sent: Sent
) -> None:
    """A malformed message is stored and acknowledged, and the next one takes effect."""
    event = an_event()

    worker.take(sent)
    worker.take(body([[], {"message": on_the_wire(event)}, {}]))

    assert len(club.dead_letters) == 1
    assert list(club.database.activity) == [event.message_id]
    assert (worker.unacknowledged, worker.waiting) == (0, 0)


@cases(WITH_EVENT)
def test_a_dead_letter_has_the_id_of_a_malformed_event(
    worker: Worker, club: ConsumerFixture, sent: Sent
) -> None:
    """If a malformed message has an event inside, its dead letter has that id and type."""
    worker.take(sent)

    (letter,) = club.dead_letters
    assert (str(letter.message_id), letter.type) == (EVENT["id"], EVENT["type"])


@pytest.mark.parametrize("embed", [{"callbacks": [{"task": "x"}]}, {"chain": ["x"]}, ["x"]])
def test_an_event_that_is_to_call_something_has_no_effect(
    worker: Worker, club: ConsumerFixture, embed: object
) -> None:
    """Callbacks, chains and chords make a dead letter of an event that is right otherwise."""
    worker.take(body([[], {"message": on_the_wire(an_event())}, embed]))

    (letter,) = club.dead_letters
    assert "nothing is called after an event" in letter.error
    assert not club.database.activity


def test_different_malformed_messages_have_dead_letters_of_their_own(
    worker: Worker, club: ConsumerFixture
) -> None:
    """Different messages have different dead letters; equal ones share one."""
    for sent in [*ANONYMOUS.values(), *ANONYMOUS.values()]:
        worker.take(sent)

    assert len(club.dead_letters) == len(ANONYMOUS)


def test_a_dead_letter_has_the_received_body_and_headers(
    worker: Worker, club: ConsumerFixture
) -> None:
    """The dead letter has body, headers and error."""
    worker.take(header(timelimit=5))

    (letter,) = club.dead_letters
    assert json.loads(letter.envelope["body"]) == BODY
    assert letter.envelope["headers"]["timelimit"] == 5
    assert "time limit" in letter.error


@cases(ANONYMOUS | WITH_EVENT)
def test_logs_hide_the_content(
    worker: Worker, caplog: pytest.LogCaptureFixture, sent: Sent
) -> None:
    """Our log record has the ids as fields; neither ours nor Celery's shows the content."""
    with caplog.at_level("INFO"):
        worker.take(sent)

    (record,) = [r for r in caplog.records if r.getMessage() == "message set aside"]
    assert vars(record)["message_id"]
    assert SECRET not in str([vars(record) for record in caplog.records]) + caplog.text


def test_the_ack_of_a_malformed_message_waits_for_its_dead_letter(
    worker: Worker, club: ConsumerFixture
) -> None:
    """The message is acknowledged after its dead letter is stored."""
    club.opening = [TransientFailure("away")] * 3

    worker.take(body(5))

    assert len(club.waits) == 3
    assert len(club.dead_letters) == 1
    assert worker.unacknowledged == 0


def test_a_stop_requeues_a_malformed_message(worker: Worker, club: ConsumerFixture) -> None:
    """A message without a stored dead letter is requeued."""
    club.opening = [TransientFailure("away")] * 9
    club.stop_after = 2

    worker.take(body(5))

    assert club.dead_letters == []
    assert worker.waiting == 1
