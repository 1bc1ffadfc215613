"""Malformed task messages become dead letters, and the worker goes on."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from celery import Celery

from reading_club.adapters.eventstream.app import worker_app
from reading_club.adapters.eventstream.testing import ConsumerFixture, on_the_wire
from reading_club.adapters.eventstream.testing.worker import InMemoryWorker
from reading_club.adapters.eventstream.worker.event_task import EventTask
from reading_club.eventstream.errors import TransientFailure
from reading_club.service.projections import activity
from reading_club.testing.builders import an_event

SECRET = "hunter2"
EVENT = on_the_wire(an_event(), payload=json.dumps({"title": SECRET}))
HEADERS: dict[str, Any] = {"task": "send_message", "id": "7", "timelimit": [None, None]}
BODY: list[Any] = [[], {"message": EVENT}, {}]
JSON = "application/json"

Sent = tuple[Any, dict[str, Any], dict[str, str]]


def body(value: Any) -> Sent:
    """Return a message with this body."""
    return json.dumps(value), HEADERS, {}


def header(**headers: Any) -> Sent:
    """Return an event with other headers."""
    return json.dumps(BODY), HEADERS | headers, {}


def raw(text: Any, content_type: str = JSON, encoding: str = "utf-8") -> Sent:
    """Return a message with this text and content type."""
    return text, HEADERS, {"content_type": content_type, "content_encoding": encoding}


ANONYMOUS: dict[str, Sent] = {
    "body dict": body({"a": 1}),
    "body null": body(None),
    "body short": body([[]]),
    "arguments number": body([5, {}, {}]),
    "arguments text": body(["x", {}, {}]),
    "keywords list": body([[], [1], {}]),
    "unknown keyword": body([[], {"massage": 1}, {}]),
    "positional": body([[SECRET, 2], {}, {}]),
    "no keywords": body([[], {}, {}]),
    "forged": body([[], {"malformed": "[" * 5000, "error": "\x00\ud800"}, {}]),
    "type unknown to kombu": body([[], {"message": {"__type__": "no", "__value__": "x"}}, {}]),
    "pickle": raw(b"\x80\x04N.", "application/x-python-serialize", "binary"),
    "text": raw(SECRET, "text/plain"),
    "yaml": raw("hello: 1", "application/x-yaml"),
    "unknown type": raw("hello", "application/x-nope"),
    "broken JSON": raw("{nope"),
    "not UTF-8": raw(b"\xff\xfe"),
    "unknown charset": raw(b"[1]", encoding="klingon"),
    "deep": raw("[" * 50_000 + "]" * 50_000),
    "NUL": raw("\x00"),
    "nothing": raw(""),
}
WITH_EVENT: dict[str, Sent] = {
    "no headers": (json.dumps(BODY), {}, {}),
    "no id": (json.dumps(BODY), {"task": "send_message"}, {}),
    "no task": (json.dumps(BODY), {"id": "7"}, {}),
    "id number": header(id=5),
    "other task": header(task="other"),
    "task number": header(task=5),
    "eta": header(eta="tomorrow"),
    "expires": header(expires="soon"),
    "expired": header(expires="2001-01-01T00:00:00+00:00"),
    "timelimit": header(timelimit=5),
    "timelimit text": header(timelimit=["a", "b"]),
    "compression": header(compression="klingon"),
    "keywords": body([[], {"message": EVENT, "x": 1}, {}]),
    "third is text": body([[], {"message": EVENT}, "args"]),
    "callbacks": body([[], {"message": EVENT}, {"callbacks": 5}]),
    "chain": body([[], {"message": EVENT}, {"chain": "x"}]),
    "chord": body([[], {"message": EVENT}, {"chord": 5}]),
    "arguments": body([[1], {"message": EVENT}, {}]),
    "old protocol": (json.dumps({"task": "send_message", "kwargs": {"message": EVENT}}), {}, {}),
}


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
