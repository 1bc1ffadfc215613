"""Declaring the exchange and the queues: one that is refused stops no other."""

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from amqp.exceptions import ChannelError
from kombu import Queue

from reading_club.adapters.eventstream.reasons import reason_of
from reading_club.adapters.eventstream.topology import EXCHANGE

logger = logging.getLogger(__name__)


def declare(connection: Any, queues: Iterable[Queue]) -> Mapping[str, str]:
    """Declare each queue with its bindings, and return the reasons of those that are refused.

    A broker refuses a queue that is there with other arguments, for one, and closes the channel
    then: the next queue is declared on another channel, and the connection lives on. Raises what
    tells that the broker is away, or refuses the exchange.
    """
    channel = connection.channel()
    EXCHANGE(channel).declare()
    refusals = {}
    for queue in queues:
        try:
            queue(channel).declare()
        except ChannelError as exc:
            refusals[queue.name] = _refusal(queue, exc)
            channel.close()  # py-amqp has opened it again in place of the one that was closed
            channel = connection.channel()
    channel.close()
    return refusals


class ForeignQueue(Queue):
    """A subscriber's queue, as ``send_task`` declares it: whose it is has the trouble if it fails.

    kombu declares the queues of all subscribers before it publishes on a connection, and would
    publish nothing if one of them is refused. py-amqp opens the channel again by itself.
    """

    def declare(self, *args: Any, **options: Any) -> str:
        """Declare it with its bindings; a refusal is logged."""
        try:
            super().declare(*args, **options)
        except ChannelError as exc:
            fields = {"queue": self.name, "reason": _refusal(self, exc)}
            logger.warning("a queue is refused", extra=fields)
        return str(self.name)


def foreign(queue: Queue) -> ForeignQueue:
    """Return the same queue, which is declared as far as the broker allows it."""
    return ForeignQueue(
        queue.name,
        bindings=queue.bindings,
        durable=queue.durable,
        queue_arguments=queue.queue_arguments,
    )


def _refusal(queue: Queue, error: ChannelError) -> str:
    return f"queue {queue.name} cannot be declared: {reason_of(error)}"
