"""The names on the broker: the exchange, and one durable queue for each subscriber."""

from collections.abc import Iterable

from kombu import Exchange, Queue, binding

from reading_club.service.subscriber import Subscriber

SEND_MESSAGE = "send_message"
"""The name of the one task; its one keyword is ``message``."""

EXCHANGE = Exchange("eventstream", type="topic", durable=True)
"""Where events are published, with their type as routing key."""


def queue_name(subscriber: Subscriber) -> str:
    """Return the name of the subscriber's queue, such as ``eventstream.activity``."""
    return f"{EXCHANGE.name}.{subscriber.name}"


def queue_of(subscriber: Subscriber) -> Queue:
    """Return the subscriber's queue, bound to each type that it wants.

    Raises ValueError for a subscriber that hears nothing: an unbound queue is a mistake.
    """
    if not subscriber.types:
        raise ValueError(f"the subscriber {subscriber.name} has no handlers")
    bindings = [binding(EXCHANGE, routing_key=type_) for type_ in sorted(subscriber.types)]
    return Queue(queue_name(subscriber), bindings=bindings, durable=True)


def queues_of(subscribers: Iterable[Subscriber]) -> list[Queue]:
    """Return the queues of all these subscribers."""
    return [queue_of(subscriber) for subscriber in subscribers]
