"""The result of an event that is published by several messages."""

from functools import partial

import pytest

from reading_club.adapters.eventstream.publisher.encoded_message import (
    EncodedMessage,
    MessageTemplate,
)
from reading_club.adapters.eventstream.publisher.result import PublishResultBuilder
from reading_club.adapters.eventstream.testing import outgoing

V1 = "parcel_sent_v1"


@pytest.fixture
def messages() -> list[EncodedMessage]:
    """Two messages of one event, in two versions."""
    key, template = outgoing().key, MessageTemplate({}, {}, {}, "json", None)
    make = partial(EncodedMessage, key, body=b"", template=template, mandatory=True, messages=2)
    return [
        make(task_id="a", exchange="eventstream", routing_key=V1),
        make(task_id="b", exchange="", routing_key="eventstream.newest"),
    ]


def test_an_event_is_confirmed_when_all_its_messages_are(messages: list[EncodedMessage]) -> None:
    """A message that is confirmed twice counts once."""
    result = PublishResultBuilder()

    result.confirm(messages[0])
    result.confirm(messages[0])
    assert not result.build().confirmed
    result.confirm(messages[1])

    assert list(result.build().confirmed) == [messages[0].key]


@pytest.mark.parametrize("confirmed_first", [0, 1, 2])
def test_an_event_of_which_a_message_is_refused_is_not_confirmed(
    messages: list[EncodedMessage], confirmed_first: int
) -> None:
    """Each event has one result, in every order of confirms and refusals."""
    result = PublishResultBuilder()
    for message in messages[:confirmed_first]:
        result.confirm(message)

    result.refuse(messages[1].key, "full")
    for message in messages:
        result.confirm(message)

    published = result.build()
    assert (list(published.confirmed), published.refused) == ([], {messages[0].key: "full"})


def test_an_event_that_failed_is_not_refused_as_well(messages: list[EncodedMessage]) -> None:
    """A fault of the event outranks one of a queue, in either order."""
    key = messages[0].key
    for order in ("fail refuse", "refuse fail", "confirm fail"):
        result = PublishResultBuilder()
        for step in order.split():
            if step == "confirm":
                result.confirm(messages[0])
                result.confirm(messages[1])
            else:
                getattr(result, step)(key, step)

        published = result.build()
        assert published.failed == {key: "fail"}
        assert (list(published.confirmed), published.refused) == ([], {})
