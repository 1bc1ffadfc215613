"""AMQP messages whose properties are serialised once."""

from dataclasses import replace
from functools import partial
from typing import Any
from unittest.mock import Mock
from uuid import UUID, uuid4

import pytest
from kombu import Producer
from kombu.transport.pyamqp import Channel

from reading_club.adapters.eventstream.app import publisher_app
from reading_club.adapters.eventstream.publisher.encoded_message import (
    CONTEXT_PLACEHOLDERS,
    EncodedMessage,
)
from reading_club.adapters.eventstream.publisher.encoding import MessageEncoder
from reading_club.adapters.eventstream.testing import LISTENERS, outgoing
from reading_club.eventstream.context import MessageContext
from reading_club.eventstream.ports.outbox import OutboxMessage


def a_channel() -> Any:
    """Return a channel that prepares messages as kombu does, without sending."""
    channel = Mock()
    channel.prepare_message = partial(Channel.prepare_message, channel)
    return channel


def encoded(number: int) -> list[EncodedMessage]:
    """Return encoded messages of one process."""
    app = publisher_app("memory://", LISTENERS)
    return MessageEncoder(app).encode([outgoing() for _ in range(number)])[0]


def test_a_prerendered_message_is_what_kombu_writes() -> None:
    """Body and properties equal those of kombu's producer, byte by byte."""
    channel = a_channel()
    for message in encoded(2):
        Producer(channel, auto_declare=False).publish(message.body, **message.options)
        ours: Any = message.prerendered

        theirs: Any = channel.basic_publish.call_args.args[0]
        assert ours.body == theirs.body
        assert ours._serialize_properties() == theirs._serialize_properties()
        assert message.task_id.encode() in ours._serialize_properties()


def test_an_attempted_event_has_a_header() -> None:
    """Attempted events have the header; other messages equal Celery's."""
    channel = a_channel()
    key = outgoing().key
    events = [
        outgoing(),
        replace(outgoing(), attempted=True),
        OutboxMessage(key, outgoing().envelope),
    ]
    messages, _ = MessageEncoder(publisher_app("memory://", LISTENERS)).encode(events)

    said = [message.options["headers"].get("attempted") for message in messages]

    assert said == [None, True, None]
    assert "attempted" not in messages[0].options["headers"]
    for message in messages:
        Producer(channel, auto_declare=False).publish(message.body, **message.options)
        ours: Any = message.prerendered
        theirs: Any = channel.basic_publish.call_args.args[0]
        assert ours._serialize_properties() == theirs._serialize_properties()


ID, CAUSE = UUID(int=1), UUID(int=2)
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.mark.parametrize("attempted", [False, True])
@pytest.mark.parametrize("traceparent", [None, TRACEPARENT])
@pytest.mark.parametrize("causation_id", [None, uuid4(), UUID(int=0), ID])
@pytest.mark.parametrize("correlation_id", [None, uuid4(), UUID(int=0), CAUSE])
def test_the_context_is_in_headers(
    correlation_id: UUID | None,
    causation_id: UUID | None,
    traceparent: str | None,
    attempted: bool,  # noqa: FBT001  # pytest passes it by name
) -> None:
    """The known parts are headers, byte by byte as kombu writes them, whatever ids they are."""
    channel = a_channel()
    context = MessageContext(correlation_id, causation_id, traceparent)
    event = replace(outgoing(), attempted=attempted, context=context)
    ((message,), _) = MessageEncoder(publisher_app("memory://", LISTENERS)).encode([event])

    Producer(channel, auto_declare=False).publish(message.body, **message.options)

    ours: Any = message.prerendered
    theirs: Any = channel.basic_publish.call_args.args[0]
    assert ours._serialize_properties() == theirs._serialize_properties()
    headers = theirs.properties["application_headers"]
    assert {name: headers[name] for name in CONTEXT_PLACEHOLDERS if name in headers} == (
        context.fields
    )
    assert headers["id"] == theirs.properties["correlation_id"] == message.task_id


def test_the_messages_of_a_process_share_a_template() -> None:
    """The messages of a process share one template, and have ids of their own."""
    first, second = encoded(2)

    assert first.template is second.template
    assert first.task_id != second.task_id
