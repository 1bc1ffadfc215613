"""The names on the broker: the exchange, and one durable queue for each subscriber."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from kombu import Exchange, Queue, binding

from reading_club.service.subscriber import Subscriber

SEND_MESSAGE = "send_message"
"""The name of the one task; its one keyword is ``message``."""

ATTEMPTED: Final = "attempted"
"""The header of an event whose handling was begun before; others do not have it."""

EXCHANGE = Exchange("eventstream", type="topic", durable=True)
"""Where events are published, with their type as routing key."""

QUEUE_ARGUMENTS: Final[Mapping[str, Any]] = {
    "x-queue-type": "quorum",
    # RabbitMQ drops a message after so many deliveries, from 4.0 on after 20 by default. An
    # outage is not poison: what is given up is for the consumer to say. -1 is new in 4.0.
    "x-delivery-limit": 1_000_000_000,
}
"""Replicated and safe on disk on RabbitMQ, and of no effect elsewhere.

Publisher and worker declare the same: a queue that is there with other arguments is refused.
"""


def queue_called(name: str) -> str:
    """Return the name of the queue of the subscriber with this name."""
    return f"{EXCHANGE.name}.{name}"


def queue_name(subscriber: Subscriber) -> str:
    """Return the name of the subscriber's queue, such as ``eventstream.activity``."""
    return queue_called(subscriber.name)


def queue_of(subscriber: Subscriber) -> Queue:
    """Return the subscriber's queue, bound to each type that it wants.

    Raises ValueError for a subscriber that hears nothing: an unbound queue is a mistake.
    """
    if not subscriber.types:
        raise ValueError(f"the subscriber {subscriber.name} has no handlers")
    bindings = [binding(EXCHANGE, routing_key=type_) for type_ in sorted(subscriber.types)]
    return Queue(
        queue_name(subscriber),
        bindings=bindings,
        durable=True,
        queue_arguments=dict(QUEUE_ARGUMENTS),
    )


def queues_of(subscribers: Iterable[Subscriber]) -> list[Queue]:
    """Return the queues of all these subscribers."""
    return [queue_of(subscriber) for subscriber in subscribers]
