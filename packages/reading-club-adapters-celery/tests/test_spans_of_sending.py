"""Spans of sending, by OpenTelemetry's conventions for messaging."""

from dataclasses import replace

import pytest
from celery import Celery
from opentelemetry.trace import SpanKind, StatusCode

from reading_club.adapters.eventstream.app import publisher_app
from reading_club.adapters.eventstream.messaging_system import system_of
from reading_club.adapters.eventstream.publisher.publisher import BatchPublisher
from reading_club.adapters.eventstream.testing import LISTENERS, outgoing
from reading_club.adapters.eventstream.testing.spans import SECRET, EndedSpans, a_context, ids
from reading_club.eventstream.ports.outbox import OutboxMessage


def published(app: Celery, *events: OutboxMessage) -> None:
    """Publish a batch."""
    publisher = BatchPublisher(app)
    publisher.publish(events)
    publisher.close()


def test_an_event_is_sent_in_the_trace_of_its_request(
    spans: EndedSpans, memory_app: Celery
) -> None:
    """The span of an event alone is a child of the span that recorded it."""
    published(memory_app, replace(outgoing(), context=a_context(5)))

    (span,) = spans(5)
    assert (span.name, span.kind) == ("send eventstream", SpanKind.PRODUCER)
    assert span.attributes
    assert span.attributes["messaging.system"] == "memory"
    assert "messaging.batch.message_count" not in span.attributes


def test_events_are_sent_by_one_span_with_links(spans: EndedSpans, memory_app: Celery) -> None:
    """A batch has a link to the span that recorded each of its events, as far as it is known."""
    events = [replace(outgoing(), context=a_context(number)) for number in (1, 2)]

    published(memory_app, *events, outgoing())

    (span,) = spans(0)
    assert [ids(link) for link in span.links] == [(1, 1), (2, 2)]
    assert span.attributes
    assert span.attributes["messaging.batch.message_count"] == 3
    assert span.status.status_code == StatusCode.UNSET


def test_an_outage_and_a_refusal_are_failed_spans(
    spans: EndedSpans, memory_app: Celery, closed_port: int
) -> None:
    """A broker that is away, and an event that no queue takes, are errors of the send span."""
    published(publisher_app(f"amqp://guest:{SECRET}@127.0.0.1:{closed_port}//"), outgoing())
    published(memory_app, outgoing(subscriber="nobody"))

    found = spans(0)
    errors = [span.attributes["error.type"] for span in found if span.attributes]
    assert errors == ["OperationalError", "refused"]
    assert SECRET not in "".join(span.to_json() for span in found)


@pytest.mark.parametrize(
    ("url", "system"),
    [
        *(("amqp://h", "rabbitmq"), ("amqps://h", "rabbitmq"), ("memory://", "memory")),
        *(("redis://h", "redis"), ("rediss://h", "redis"), ("valkey://h", "redis")),
    ],
)
def test_a_broker_has_the_name_of_the_conventions(url: str, system: str) -> None:
    """RabbitMQ has the conventions' own name, and Valkey that of Redis."""
    assert system_of(publisher_app(url, LISTENERS)) == system
