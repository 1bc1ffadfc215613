"""The broker's acks, nacks and returns for a batch."""

from collections import defaultdict
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest

from reading_club.adapters.eventstream.publisher.amqp import ConfirmTracker
from reading_club.adapters.eventstream.publisher.encoded_message import (
    EncodedMessage,
    MessageTemplate,
)
from reading_club.adapters.eventstream.testing import outgoing

TEMPLATE = MessageTemplate({}, {}, {}, "json", None)


def a_message(task_id: str) -> EncodedMessage:
    """Return an encoded message with this task id; "d" is for the activity log alone."""
    if task_id == "d":
        key, queue = outgoing(subscriber="activity").key, "eventstream.activity"
        return EncodedMessage(key, task_id, b"", TEMPLATE, "", queue, mandatory=True)
    return EncodedMessage(
        outgoing().key, task_id, b"", TEMPLATE, "eventstream", "x", mandatory=True
    )


def refuses_nothing(_: EncodedMessage) -> None:
    """Report that no queue was refused."""


@pytest.fixture
def messages() -> list[EncodedMessage]:
    """Four encoded messages."""
    return [a_message(task_id) for task_id in "abcd"]


@pytest.fixture
def confirms(messages: list[EncodedMessage]) -> ConfirmTracker:
    """The confirms of a channel with these messages in flight."""
    confirms = ConfirmTracker(Mock(events=defaultdict(set)), refuses_nothing)
    for message in messages:
        confirms.expect(message)
    return confirms


def returned(task_id: str) -> Any:
    """Return a message as in basic.return."""
    return SimpleNamespace(properties={"correlation_id": task_id})


def test_a_channel_is_asked_for_confirms_before_anything_is_sent() -> None:
    """The channel is in confirm mode, and acks, nacks and returns have callbacks."""
    channel = Mock(events=defaultdict(set))

    confirms = ConfirmTracker(channel, refuses_nothing)

    channel.confirm_select.assert_called_once_with()
    assert channel.events == {
        "basic_ack": {confirms.on_ack},
        "basic_nack": {confirms.on_nack},
        "basic_return": {confirms.on_return},
    }


def test_one_confirm_may_be_for_many_messages(
    confirms: ConfirmTracker, messages: list[EncodedMessage]
) -> None:
    """A multiple ack confirms all earlier messages, a single one its own, in any order."""
    confirms.on_ack(4, multiple=False)
    confirms.on_ack(2, multiple=True)

    assert list(confirms.result.build().confirmed) == [messages[n].key for n in (3, 0, 1)]
    assert list(confirms.pending.values()) == [messages[2]]


def test_a_returned_and_confirmed_message_has_failed(
    confirms: ConfirmTracker, messages: list[EncodedMessage]
) -> None:
    """A returned message has failed, though the broker acks it afterwards."""
    confirms.on_return(Exception(), "eventstream", "x", returned("b"))
    confirms.on_ack(4, multiple=True)

    published = confirms.result.build()
    assert published.failed == {messages[1].key: "no queue takes it"}
    assert list(published.confirmed) == [messages[n].key for n in (0, 2, 3)]
    assert confirms.returned


def test_a_message_that_a_queue_does_not_take_is_refused(
    confirms: ConfirmTracker, messages: list[EncodedMessage]
) -> None:
    """A nack means refused, without an outage; a message for one queue names that queue."""
    confirms.on_nack(2, multiple=True)
    confirms.on_ack(3, multiple=False)
    confirms.on_nack(4, multiple=False)

    published = confirms.result.build()
    assert not confirms.pending
    assert published.outage is None
    assert list(published.confirmed) == [messages[2].key]
    assert not published.failed
    of_any_queue = "one of its queues is full or takes no messages"
    assert published.refused == {
        messages[0].key: of_any_queue,
        messages[1].key: of_any_queue,
        messages[3].key: "queue eventstream.activity is full or takes no messages",
    }


def test_a_returned_message_whose_queue_is_refused_has_not_failed(
    messages: list[EncodedMessage],
) -> None:
    """A returned message is refused, not failed, if its queue's declaration was refused."""
    reason = "queue eventstream.activity cannot be declared: ACCESS_REFUSED"
    confirms = ConfirmTracker(
        Mock(events=defaultdict(set)), lambda message: reason if message is messages[3] else None
    )
    for message in messages:
        confirms.expect(message)

    for task_id in "cd":
        confirms.on_return(Exception(), "", "x", returned(task_id))
    confirms.on_ack(4, multiple=True)

    published = confirms.result.build()
    assert published.failed == {messages[2].key: "no queue takes it"}
    assert published.refused == {messages[3].key: reason}
    assert list(published.confirmed) == [messages[0].key, messages[1].key]


def test_a_repeated_confirm_changes_nothing(
    confirms: ConfirmTracker, messages: list[EncodedMessage]
) -> None:
    """A second ack, or an ack of an unknown tag, changes nothing."""
    confirms.on_ack(1, multiple=False)
    confirms.on_ack(1, multiple=True)
    confirms.on_ack(9, multiple=False)

    assert list(confirms.result.build().confirmed) == [messages[0].key]
