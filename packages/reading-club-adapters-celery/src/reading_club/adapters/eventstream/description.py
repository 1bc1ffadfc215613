"""What a stream is on the broker: its exchange, its task, and the queues of its subscribers."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from kombu import Queue

from reading_club.adapters.eventstream.topology import DEFAULT_STREAM, Stream
from reading_club.eventstream.subscriber import Subscriber


@dataclass(frozen=True)
class QueueDescription:
    """The queue of a subscriber."""

    name: str
    subscriber: str
    bindings: list[str]
    """Routing keys by which the exchange routes to the queue: types of events."""
    arguments: dict[str, Any]
    """Arguments of the queue: RabbitMQ refuses a declaration with others."""


@dataclass(frozen=True)
class Routing:
    """How events reach their queues: the routing key of an event is its type."""

    exchange: str
    exchange_type: str
    task: str
    """The Celery task of each message; its one keyword is ``message``."""
    queue_prefix: str
    queues: list[QueueDescription]


def describe_routing(
    subscribers: Iterable[Subscriber[Any, Any]], stream: Stream = DEFAULT_STREAM
) -> Routing:
    """Return the names of the stream, and the queues of these subscribers.

    Raises WiringError for a subscriber without handlers.
    """
    queues = [(each.name, stream.queue_for(each)) for each in subscribers]
    return Routing(
        exchange=stream.exchange,
        exchange_type=str(stream.topic.type),
        task=stream.task,
        queue_prefix=stream.queue_prefix,
        queues=[_queue(name, queue) for name, queue in queues],
    )


def routing_lines(routing: Routing) -> list[str]:
    """Return the routing as lines for people."""
    lines = [
        "routing",
        f"  exchange  {routing.exchange} ({routing.exchange_type}), routing key: the event's type",
        f"  task      {routing.task}, with the keyword message",
        "",
        "queues",
    ]
    for queue in routing.queues:
        arguments = ", ".join(f"{key}={value}" for key, value in queue.arguments.items())
        lines += [
            f"  {queue.name}, of {queue.subscriber}",
            f"    bindings  {', '.join(queue.bindings)}",
            f"    arguments {arguments}",
        ]
    return lines


def _queue(subscriber: str, queue: Queue) -> QueueDescription:
    bindings = sorted(str(bound.routing_key) for bound in queue.bindings)
    return QueueDescription(
        str(queue.name), subscriber, bindings, dict(queue.queue_arguments or {})
    )
