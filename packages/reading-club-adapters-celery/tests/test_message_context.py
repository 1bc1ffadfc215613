"""Each message is handled in its own context: its request's correlation id, itself as the cause."""

import logging
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from reading_club.adapters.eventstream.testing import ConsumerFixture, on_the_wire
from reading_club.adapters.eventstream.worker.event_task import EventTask
from reading_club.domain.messages import BookRegistered
from reading_club.eventstream.context import (
    NO_CONTEXT,
    DeliveredEnvelope,
    MessageContext,
    current,
)
from reading_club.eventstream.errors import StorageUnavailable
from reading_club.eventstream.inbox.attempt_policy import Delivery
from reading_club.eventstream.subscriber import Subscriber
from reading_club.testing.builders import an_event

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class UnreadableHeaders(dict[str, Any]):
    """Headers that raise an error if one of them is looked for."""

    def get(self, name: str, _: Any = None) -> Any:
        """Raise AssertionError."""
        raise AssertionError(f"the header {name} was read")


class RecordingSubscriber(Subscriber[Any, Any]):
    """Records the context in which each event is handled; records one more event if asked to."""

    def __init__(self) -> None:
        super().__init__("recorder")
        self.seen: list[MessageContext] = []
        self.errors: list[Exception] = []
        self.effect: BookRegistered | None = None
        self.handlers = {BookRegistered: self._record}

    async def _record(self, _: Any, uow: Any) -> None:
        self.seen.append(current())
        if self.errors:
            raise self.errors.pop()
        if self.effect is not None:
            await uow.messagestore.add(self.effect)


def delivered(event: BookRegistered) -> DeliveredEnvelope:
    """Return an event as a worker gets it, of a request of its own."""
    context = MessageContext(uuid4(), uuid4(), TRACEPARENT)
    return DeliveredEnvelope(on_the_wire(event), context.fields)


def expected(envelope: DeliveredEnvelope, event: BookRegistered) -> MessageContext:
    """Return the context in which the event is to be handled."""
    return MessageContext(envelope.context.correlation_id, event.message_id, TRACEPARENT)


@pytest.fixture
def recorder() -> RecordingSubscriber:
    """A subscriber that records contexts."""
    return RecordingSubscriber()


@pytest.fixture
def task(
    recorder: RecordingSubscriber, consume: Callable[[Subscriber[Any, Any]], EventTask]
) -> EventTask:
    """The task of the recorder."""
    return consume(recorder)


@pytest.mark.parametrize("suspected", [False, True])
def test_a_message_alone_is_the_cause(
    task: EventTask,
    recorder: RecordingSubscriber,
    suspected: bool,  # noqa: FBT001  # pytest passes it by name
) -> None:
    """A message that is handled alone, delivered again or not, has its own context."""
    event = an_event()
    envelope = delivered(event)

    task.receive(envelope, suspected=suspected)

    assert recorder.seen == [expected(envelope, event)]
    assert current() is NO_CONTEXT
    assert Delivery(envelope).context == envelope.context


@pytest.mark.parametrize("number", [1, 3])
def test_each_message_of_a_batch_is_a_cause(
    task: EventTask, recorder: RecordingSubscriber, number: int
) -> None:
    """In one transaction each handler sees the context of its own event."""
    events = [an_event() for _ in range(number)]
    envelopes = [delivered(event) for event in events]

    assert task.receive_batch(envelopes)

    assert recorder.seen == list(map(expected, envelopes, events))


def test_headers_are_read_when_they_are_needed(consume: Callable[..., EventTask]) -> None:
    """A batch whose handlers record and log nothing costs no look at any header."""
    quiet = Subscriber[Any, Any]("quiet")
    handled = []

    @quiet.on(BookRegistered)
    async def keep(event: BookRegistered, _: Any) -> None:
        handled.append(event.message_id)

    events = [an_event() for _ in range(3)]
    envelopes = [DeliveredEnvelope(on_the_wire(event), UnreadableHeaders()) for event in events]

    assert consume(quiet).receive_batch(envelopes)

    assert handled == [event.message_id for event in events]


def test_a_message_without_headers_begins_a_conversation(
    task: EventTask, recorder: RecordingSubscriber
) -> None:
    """The task of Celery gets the message alone: its id is the correlation id then."""
    event = an_event()

    task.receive(on_the_wire(event))

    assert recorder.seen == [MessageContext(event.message_id, event.message_id)]


@pytest.mark.parametrize("others", [0, 2])
def test_what_a_handler_records_inherits_the_context(
    task: EventTask, recorder: RecordingSubscriber, club: ConsumerFixture, others: int
) -> None:
    """An event of a handler has the handled event as its cause, alone and in a batch."""
    event, effect = an_event(), an_event()
    envelope = delivered(event)
    if others:
        task.receive_batch([delivered(an_event()) for _ in range(others)])
    recorder.effect = effect

    assert task.receive_batch([envelope])

    assert club.database.contexts[effect.message_id] == expected(envelope, event)


def test_log_lines_around_the_handling_have_its_context(
    task: EventTask, recorder: RecordingSubscriber, caplog: pytest.LogCaptureFixture
) -> None:
    """Lines of the thread that waits for an outage and of a failed attempt are in the context."""
    event, lines = an_event(), list[tuple[str, MessageContext]]()
    envelope = delivered(event)

    def note(line: logging.LogRecord) -> bool:
        lines.append((line.msg, current()))
        return True

    caplog.handler.addFilter(note)
    recorder.errors = [RuntimeError("of its own"), StorageUnavailable("away")]

    with caplog.at_level(logging.WARNING):
        task.receive(envelope)
    caplog.handler.removeFilter(note)

    mine = expected(envelope, event)
    assert lines == [("waiting for what is away", mine), ("handling failed", mine)]


def test_the_log_of_a_worker_says_what_is_away(
    task: EventTask, recorder: RecordingSubscriber, caplog: pytest.LogCaptureFixture
) -> None:
    """An event that waits has the reason of the outage; a failure of its own may quote it."""
    recorder.errors = [RuntimeError("quotes a member"), StorageUnavailable("the disk is full")]

    with caplog.at_level(logging.WARNING):
        task.receive(delivered(an_event()))

    told = [(line.msg, vars(line).get("reason")) for line in caplog.records]
    assert told == [("waiting for what is away", "the disk is full"), ("handling failed", None)]
