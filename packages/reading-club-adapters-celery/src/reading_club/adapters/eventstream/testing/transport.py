"""The contract of event stream transports, for any broker."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from uuid import uuid4

import pytest
from kombu.exceptions import EncodeError

from reading_club.adapters.eventstream.testing.events import PARCEL_SENT
from reading_club.adapters.eventstream.transport import EventstreamTransport
from reading_club.eventstream.errors import EventstreamUnavailable

TEXTS = ["", "plain", 'quo"te \\ back', "é ß 漢字 🦉", "\u2028 \x00 \x7f", "long " * 20_000]


class Received(Protocol):
    """Reads the messages of a subscriber to ``parcel_sent_v1``."""

    def __call__(self, expected: int, /) -> Sequence[Mapping[str, Any]]:
        """Return the messages, after waiting a while for the expected number."""
        ...


def an_envelope(payload: object = "{}") -> dict[str, Any]:
    """Return an envelope with a new id."""
    return {
        "id": str(uuid4()),
        "created_at": "2024-02-03T04:05:06.789012+00:00",
        "type": PARCEL_SENT,
        "payload": payload,
    }


class EventstreamTransportContract:
    """Provide the fixtures ``transport`` and ``received``, on one empty event stream."""

    async def test_a_message_arrives_as_it_was_sent(
        self, transport: EventstreamTransport, received: Received
    ) -> None:
        """The received message has the same fields and values."""
        message = an_envelope('{"weight":3}')

        await transport.send_message_serialized(message)

        assert received(1) == [message]

    @pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
    async def test_any_text_survives(
        self, transport: EventstreamTransport, received: Received, text: str
    ) -> None:
        """Any text in a payload arrives unchanged."""
        message = an_envelope(text)

        await transport.send_message_serialized(message)

        assert received(1) == [message]

    async def test_messages_keep_their_order(
        self, transport: EventstreamTransport, received: Received
    ) -> None:
        """Messages sent one after the other arrive in the same order."""
        messages = [an_envelope() for _ in range(5)]

        for message in messages:
            await transport.send_message_serialized(message)

        assert received(5) == messages

    async def test_many_at_once_all_arrive(
        self, transport: EventstreamTransport, received: Received
    ) -> None:
        """Messages sent at the same time arrive once each, in any order."""
        messages = [an_envelope() for _ in range(50)]

        await asyncio.gather(*map(transport.send_message_serialized, messages))

        arrived = received(50)
        assert {m["id"] for m in arrived} == {m["id"] for m in messages}
        assert len(arrived) == len(messages)

    async def test_what_is_not_json_is_a_bug(
        self, transport: EventstreamTransport, received: Received
    ) -> None:
        """A message that is not JSON raises EncodeError, no outage, and nothing is sent."""
        with pytest.raises(EncodeError):
            await transport.send_message_serialized(an_envelope({"a", "set"}))

        await transport.send_message_serialized(good := an_envelope())
        assert received(1) == [good]

    async def test_a_message_that_changes_later_arrives_as_it_was(
        self, transport: EventstreamTransport, received: Received
    ) -> None:
        """The caller may change its dictionary after sending."""
        message = an_envelope()
        sent = dict(message)

        await transport.send_message_serialized(message)
        message["type"] = "something_else_v1"

        assert received(1) == [sent]

    async def test_a_closed_transport_takes_nothing(
        self, transport: EventstreamTransport, received: Received
    ) -> None:
        """A closed transport raises EventstreamUnavailable; earlier messages arrive."""
        await transport.send_message_serialized(kept := an_envelope())
        transport.close()

        with pytest.raises(EventstreamUnavailable, match="closed"):
            await transport.send_message_serialized(an_envelope())
        assert received(1) == [kept]
