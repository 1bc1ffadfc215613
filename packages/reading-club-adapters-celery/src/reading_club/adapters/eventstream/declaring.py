"""Declaring the exchange and the queues: one that is refused stops no other."""

from collections.abc import Iterable, Mapping
from typing import Any

from amqp.exceptions import ChannelError
from kombu import Queue

from reading_club.adapters.eventstream.reasons import reason_of
from reading_club.adapters.eventstream.topology import EXCHANGE


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
            refusals[queue.name] = f"queue {queue.name} cannot be declared: {reason_of(exc)}"
            channel.close()  # py-amqp has opened it again in place of the one that was closed
            channel = connection.channel()
    channel.close()
    return refusals
