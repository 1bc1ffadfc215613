"""AMQP messages whose properties are serialised once."""

from dataclasses import replace
from functools import partial
from typing import Any
from unittest.mock import Mock

from kombu import Producer
from kombu.transport.pyamqp import Channel

from reading_club.adapters.eventstream.app import publisher_app
from reading_club.adapters.eventstream.publisher.encoding import EncodedMessage, MessageEncoder
from reading_club.adapters.eventstream.publisher.prerendered import SerializedProperties
from reading_club.adapters.eventstream.publisher.result import PublishResultBuilder
from reading_club.adapters.eventstream.testing import LISTENERS, outgoing
from reading_club.eventstream.ports.outbox import OutboxMessage


def a_channel() -> Any:
    """Return a channel that prepares messages as kombu does, without sending."""
    channel = Mock()
    channel.prepare_message = partial(Channel.prepare_message, channel)
    return channel


def letters(number: int) -> list[EncodedMessage]:
    """Return encoded messages of one process."""
    app = publisher_app("memory://", LISTENERS)
    return MessageEncoder(app).encode([outgoing() for _ in range(number)], PublishResultBuilder())


def test_a_form_that_is_filled_in_is_what_kombu_writes() -> None:
    """Body and properties equal those of kombu's producer, byte by byte."""
    channel = a_channel()
    for letter in letters(2):
        Producer(channel, auto_declare=False).publish(letter.body, **letter.options)
        ours: Any = SerializedProperties(letter.form, channel).message(letter)

        theirs: Any = channel.basic_publish.call_args.args[0]
        assert ours.body == theirs.body
        assert ours._serialize_properties() == theirs._serialize_properties()
        assert letter.task_id.encode() in ours._serialize_properties()


def test_what_was_attempted_says_so_in_a_header() -> None:
    """Attempted events have the header; other messages equal Celery's."""
    channel = a_channel()
    key = outgoing().key
    events = [
        outgoing(),
        replace(outgoing(), attempted=True),
        OutboxMessage(key, outgoing().envelope),
    ]
    encoded = MessageEncoder(publisher_app("memory://", LISTENERS)).encode(
        events, PublishResultBuilder()
    )

    said = [letter.options["headers"].get("attempted") for letter in encoded]

    assert said == [None, True, None]
    assert "attempted" not in encoded[0].options["headers"]
    for letter in encoded:
        Producer(channel, auto_declare=False).publish(letter.body, **letter.options)
        ours: Any = SerializedProperties(letter.form, channel).message(letter)
        theirs: Any = channel.basic_publish.call_args.args[0]
        assert ours._serialize_properties() == theirs._serialize_properties()


def test_the_letters_of_a_process_have_one_form() -> None:
    """The messages of a process share one template, and have ids of their own."""
    first, second = letters(2)

    assert first.form is second.form
    assert first.task_id != second.task_id
