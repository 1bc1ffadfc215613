"""Declares the exchange and the queues, all of them even if the broker refuses one."""

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from amqp.exceptions import ChannelError
from kombu import Queue

from reading_club.adapters.eventstream.failure_reasons import reason_of
from reading_club.adapters.eventstream.topology import EXCHANGE

logger = logging.getLogger(__name__)


def declare(connection: Any, queues: Iterable[Queue]) -> Mapping[str, str]:
    """Declare each queue with its bindings; return the reasons of refusals by queue name.

    A broker refuses, for example, a queue that exists with other arguments, and closes the channel:
    the next queue is declared on a new channel of the same connection. Raises the driver's error if
    the broker is unavailable or refuses the exchange.
    """
    channel = connection.channel()
    EXCHANGE(channel).declare()
    refusals = {}
    for queue in queues:
        try:
            queue(channel).declare()
        except ChannelError as exc:
            refusals[queue.name] = _refusal(queue, exc)
            channel.close()  # py-amqp has reopened the channel that the broker closed
            channel = connection.channel()
    channel.close()
    return refusals


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
            fields = {"queue": self.name, "reason": _refusal(self, exc)}
            logger.warning("a queue is refused", extra=fields)
        return str(self.name)


def foreign(queue: Queue) -> ForeignQueue:
    """Return a copy of the queue that logs a refused declaration instead of raising."""
    return ForeignQueue(
        queue.name,
        bindings=queue.bindings,
        durable=queue.durable,
        queue_arguments=queue.queue_arguments,
    )


def _refusal(queue: Queue, error: ChannelError) -> str:
    return f"queue {queue.name} cannot be declared: {reason_of(error)}"
