"""The state of a queue on an open connection: RabbitMQ tells other things than kombu's brokers."""

from contextlib import suppress
from typing import Any

from amqp.exceptions import ChannelError, NotFound
from kombu import Queue

from reading_club.adapters.eventstream.topology import Stream, refusal
from reading_club.eventstream.ports.queues import QueueState


def queue_state(connection: Any, stream: Stream, queue: Queue) -> QueueState:
    """Return the state of a queue of the stream, which is left as it is.

    Raises the driver's error if the broker is unavailable.
    """
    is_amqp = connection.transport.driver_type == "amqp"
    return (_on_amqp if is_amqp else _on_virtual)(connection, stream, queue)


def _on_amqp(connection: Any, stream: Stream, queue: Queue) -> QueueState:
    """Ask on a channel for each question: the broker closes the channel of one that it refuses."""
    name = str(queue.name)
    unbound = None
    try:
        connection.channel().exchange_declare(stream.exchange, "topic", passive=True)
    except NotFound:
        unbound = _routing_keys(queue)
    try:
        found = connection.channel().queue_declare(name, passive=True)
        # Declared again, a queue that exists is left as it is, or refused.
        same = Queue(name, queue_arguments=queue.queue_arguments)
        same(connection.channel()).queue_declare()
    except NotFound:
        return QueueState(name, exists=False, missing_bindings=unbound)
    except ChannelError as exc:
        return QueueState(name, exists=True, missing_bindings=unbound, refusal=refusal(queue, exc))
    messages, consumers = int(found[1]), int(found[2])
    return QueueState(
        name, exists=True, messages=messages, consumers=consumers, missing_bindings=unbound
    )


def _on_virtual(connection: Any, stream: Stream, queue: Queue) -> QueueState:
    """Read kombu's table of bindings: an empty queue of Redis exists by its bindings alone."""
    name, channel = str(queue.name), connection.default_channel
    bound, messages = set[str](), 0
    with suppress(KeyError):  # of an exchange that no process has declared
        bound = {key for key, _, to in channel.get_table(stream.exchange) if to == name}
    with suppress(ChannelError):
        messages = int(channel.queue_declare(name, passive=True)[1])
    missing = sorted(set(_routing_keys(queue)) - bound)
    return QueueState(name, bool(bound), messages, missing_bindings=missing)


def _routing_keys(queue: Queue) -> list[str]:
    return sorted(str(binding.routing_key) for binding in queue.bindings)
