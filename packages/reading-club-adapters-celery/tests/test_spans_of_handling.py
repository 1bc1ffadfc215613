"""Spans of handling, by OpenTelemetry's conventions for messaging."""

from collections.abc import Callable
from typing import Any

import pytest
from opentelemetry.trace import SpanKind, StatusCode

from reading_club.adapters.eventstream.app import worker_app
from reading_club.adapters.eventstream.testing import (
    ConsumerFixture,
    FailingSubscriber,
    on_the_wire,
)
from reading_club.adapters.eventstream.testing.spans import SECRET, EndedSpans, a_context, ids
from reading_club.adapters.eventstream.worker.event_task import EventTask
from reading_club.eventstream.context import DeliveredEnvelope
from reading_club.eventstream.errors import StorageUnavailable
from reading_club.eventstream.subscriber import Subscriber
from reading_club.service.projections import activity
from reading_club.testing.builders import an_event


def delivered(number: int) -> DeliveredEnvelope:
    """Return an event of this request, as a worker gets it."""
    return DeliveredEnvelope(on_the_wire(an_event()), a_context(number).fields)


def test_a_message_is_handled_in_the_trace_of_its_request(
    spans: EndedSpans, consumer: EventTask
) -> None:
    """The span of a message alone is a child of the span that recorded it, with its ids."""
    app = worker_app("redis://localhost", activity)
    consumer.register(app)
    envelope = delivered(7)

    assert consumer.receive_batch([envelope])

    (span,) = spans(7)
    assert (span.name, span.kind) == ("process eventstream.activity", SpanKind.CONSUMER)
    assert [ids(link) for link in span.links] == [(7, 7)]
    assert span.attributes == {
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.system": "redis",
        "messaging.destination.name": "eventstream.activity",
        "messaging.consumer.group.name": "activity",
        "messaging.message.id": envelope["id"],
        "messaging.message.conversation_id": str(envelope.context.correlation_id),
        "eventstream.message.type": "book_registered_v1",
    }


def test_a_batch_is_a_span_with_links_and_each_message_is_in_its_own_trace(
    spans: EndedSpans, consumer: EventTask
) -> None:
    """Each message's span is a child of its request, and linked to the span of the batch."""
    assert consumer.receive_batch([delivered(1), delivered(2), on_the_wire(an_event())])

    *alone, batch = spans(1, 2, 0)
    assert batch.attributes
    assert batch.attributes["messaging.batch.message_count"] == 3
    assert [ids(link) for link in batch.links] == [(1, 1), (2, 2)]
    assert [ids(span.parent) if span.parent else None for span in alone] == [(1, 1), (2, 2), None]
    assert all(ids(span.links[-1]) == ids(batch) for span in alone)


def test_an_error_is_its_class_alone(
    spans: EndedSpans, consume: Callable[[Subscriber[Any, Any]], EventTask]
) -> None:
    """A span that fails has neither the error's text, which may repeat content, nor an event."""
    subscriber = FailingSubscriber(activity, StorageUnavailable(SECRET), RuntimeError(SECRET))

    consume(subscriber).receive(delivered(3))

    failures = [(span.status.status_code, span.attributes) for span in spans(3)]
    assert [status for status, _ in failures] == [StatusCode.ERROR] * 2 + [StatusCode.UNSET]
    errors = [attributes and attributes.get("error.type") for _, attributes in failures]
    assert errors == ["StorageUnavailable", "RuntimeError", None]
    assert not any(span.events or span.status.description for span in spans(3))
    assert SECRET not in "".join(span.to_json() for span in spans(3))


def test_a_batch_that_fails_fails_in_every_trace(
    spans: EndedSpans,
    consume: Callable[[Subscriber[Any, Any]], EventTask],
    club: ConsumerFixture,
) -> None:
    """The spans of all messages that were handled have the error: none has taken effect."""
    subscriber = FailingSubscriber(activity)
    subscriber.errors = [None, RuntimeError(SECRET)]  # type: ignore[list-item]  # the first succeeds

    assert not consume(subscriber).receive_batch([delivered(1), delivered(2), delivered(3)])

    assert not club.database.activity
    found = spans(1, 2, 0)
    errors = [span.attributes.get("error.type") for span in found if span.attributes]
    assert errors == ["RuntimeError"] * 3


@pytest.mark.parametrize("number", [1, 2])
def test_a_dead_letter_is_a_failed_span(
    spans: EndedSpans, consumer: EventTask, number: int
) -> None:
    """A message that cannot be read has a span with the class of the error, alone and twice."""
    for _ in range(number):
        consumer.receive({"id": SECRET, "type": "t" * 1000})

    for span in spans(0):
        assert span.attributes is not None
        assert span.attributes["error.type"] == "UnreadableMessage"
        assert span.attributes["eventstream.message.type"] == "t" * 200
