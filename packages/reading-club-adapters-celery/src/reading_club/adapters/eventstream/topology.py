"""The exchange, one durable queue for each subscriber, and the routing of events to them."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final

from amqp.exceptions import ChannelError
from kombu import Exchange, Queue, binding

from reading_club.adapters.eventstream.broker_errors import reason_of
from reading_club.eventstream.subscriber import Subscriber

logger = logging.getLogger(__name__)

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

REDACTED_REPRS: Final = {"argsrepr": "()", "kwargsrepr": "{}"}
"""Redacted headers: workers log them, and the content stays out of the log."""

_CONFIRM_TIMEOUT: Final = 2.0


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


def refusal(queue: Queue, error: ChannelError) -> str:
    """Return why the broker refuses the queue, without secrets."""
    return f"queue {queue.name} cannot be declared: {reason_of(error)}"


class ForeignQueue(Queue):
    """A subscriber's queue in a publisher; a refused declaration is logged.

    kombu declares the queues of all subscribers before it publishes on a connection; an error would
    stop the publication. py-amqp reopens the channel by itself.
    """

    def declare(self, *args: Any, **options: Any) -> str:
        """Declare the queue with its bindings, log a refusal, and return the name."""
        try:
            super().declare(*args, **options)
        except ChannelError as exc:
            fields = {"queue": self.name, "reason": refusal(self, exc)}
            logger.warning("a queue is refused", extra=fields)
        return str(self.name)


class EventRouter:
    """Celery router: the event type is the routing key; declares the known subscribers' queues.

    An event that is published before a worker's first start waits in the worker's queue. A message
    with a bound type is mandatory: an AMQP broker returns it if the queue is gone, instead of
    dropping it.
    """

    def __init__(self, queues: Sequence[Queue]) -> None:
        self.queues = queues
        self._foreign = [ForeignQueue(**queue.as_dict()) for queue in queues]
        self.bindings = {
            (bound.routing_key, queue.name) for queue in queues for bound in queue.bindings
        }
        self.wanted = {routing_key for routing_key, _ in self.bindings}

    def __call__(
        self, name: str, _args: object, kwargs: Mapping[str, Any], *_: object, **__: object
    ) -> dict[str, Any] | None:
        """Return the publishing options of an event, or None for any other task."""
        if name != SEND_MESSAGE:
            return None
        type_ = kwargs["message"]["type"]
        return {
            "exchange": EXCHANGE.name,
            "routing_key": type_,
            "declare": [EXCHANGE, *self._foreign],
            "mandatory": type_ in self.wanted,
            "confirm_timeout": _CONFIRM_TIMEOUT,
            **REDACTED_REPRS,
        }
