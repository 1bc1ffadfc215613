"""The exchange, and one durable queue for each subscriber."""

from collections.abc import Mapping
from typing import Any, Final

from kombu import Exchange, Queue, binding

from reading_club.eventstream.subscriber import Subscriber

SEND_MESSAGE = "send_message"
"""The name of the one task; its one keyword is ``message``."""

ATTEMPTED: Final = "attempted"
"""Header of an event with an earlier attempt; other events lack it."""

EXCHANGE = Exchange("eventstream", type="topic", durable=True)
"""The exchange of all events; the routing key is the event type."""

QUEUE_ARGUMENTS: Final[Mapping[str, Any]] = {
    "x-queue-type": "quorum",
    # RabbitMQ drops a message after this number of deliveries, by default 20 from 4.0 on. The
    # consumer counts attempts instead, without those in an outage. -1 is new in 4.0.
    "x-delivery-limit": 1_000_000_000,
}
"""A quorum queue on RabbitMQ, replicated and on disk; other brokers ignore the arguments.

Publisher and worker declare the same: RabbitMQ refuses a queue that exists with others.
"""


def queue_name(name: str) -> str:
    """Return the name of a subscriber's queue: ``eventstream.activity`` for ``activity``."""
    return f"{EXCHANGE.name}.{name}"


def queue_for(subscriber: Subscriber[Any]) -> Queue:
    """Return the subscriber's queue, bound to each type that the subscriber handles.

    Raises ValueError for a subscriber without handlers: its queue would have no bindings.
    """
    if not subscriber.types:
        raise ValueError(f"the subscriber {subscriber.name} has no handlers")
    bindings = [binding(EXCHANGE, routing_key=type_) for type_ in sorted(subscriber.types)]
    return Queue(
        queue_name(subscriber.name),
        bindings=bindings,
        durable=True,
        queue_arguments=dict(QUEUE_ARGUMENTS),
    )
