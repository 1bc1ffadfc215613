"""What a stream is on the broker, as values and as lines."""

from typing import Any

import pytest

from reading_club.adapters.eventstream import Stream
from reading_club.adapters.eventstream.description import describe_routing, routing_lines
from reading_club.adapters.eventstream.testing import LISTENERS, PARCEL_SENT
from reading_club.adapters.eventstream.topology import QUEUE_ARGUMENTS
from reading_club.eventstream.subscriber import Subscriber
from reading_club.eventstream.wiring import WiringError


def test_queues_have_bindings_and_arguments() -> None:
    """By the names of the stream."""
    routing = describe_routing(LISTENERS[:1], Stream("parcels", task="send_parcel"))
    (queue,) = routing.queues

    assert (routing.exchange, routing.exchange_type) == ("parcels", "topic")
    assert (routing.task, routing.queue_prefix) == ("send_parcel", "parcels")
    assert (queue.name, queue.subscriber) == ("parcels.first", "first")
    assert (queue.bindings, queue.arguments) == ([PARCEL_SENT], dict(QUEUE_ARGUMENTS))
    text = "\n".join(routing_lines(routing))
    assert f"bindings  {PARCEL_SENT}" in text
    assert "x-queue-type=quorum" in text


def test_a_queue_without_bindings_is_not_described() -> None:
    """A subscriber without handlers is refused as at the start of a process."""
    with pytest.raises(WiringError, match="lonely has no handlers"):
        describe_routing([Subscriber[Any, Any]("lonely")])
