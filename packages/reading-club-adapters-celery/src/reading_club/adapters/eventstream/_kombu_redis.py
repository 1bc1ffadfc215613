"""Works around kombu's transports for Redis and for memory: prefetching, routing and closing.

Internals of kombu 5.7.0 that this file uses, each with the test that fails if the internal
changes:

- ``virtual.QoS.ack``: changes the local count, without asking the broker. Redis's own ``ack``
  leaves the count unchanged when it fails. ``test_a_failed_ack_frees_its_prefetched_slot``
- ``Channel.get_table``, called for each message: the bindings of an exchange.
  ``test_a_batch_is_routed_by_one_reading_of_the_bindings``
- ``Channel.typeof(exchange).lookup``: the queues of a routing key, by these bindings.
  ``test_a_type_that_a_pattern_matches_is_routed``
- ``Channel.Message`` and its payload: each received message, with the tag by which it is
  acknowledged. ``test_two_subscribers_acknowledge_their_copies_of_a_message_separately``
- ``Channel._lookup``: the queues to which a requeued message returns.
  ``test_a_requeued_message_returns_to_its_own_queue``
- ``Transport._callbacks``, by queue: receive a message, also after the consumer's cancellation.
  ``test_a_message_that_is_on_its_way_is_received_after_the_cancellation``
- ``Channel._in_poll`` and ``._brpop_read`` of Redis: whether the reply of a blocking command is
  outstanding, and its reading. ``test_the_last_reply_of_redis_is_read_once``
- ``Channel.unacked_key`` and ``.unacked_index_key`` of Redis, and the JSON of an entry: a raw
  message, its exchange and its routing key. ``test_what_killed_workers_had_at_hand_is_forgotten``
- ``Channel.pool`` of Redis: its open connections.
  ``test_the_connections_of_a_redis_channel_are_closed``
"""

import contextlib
import json
import threading
from collections.abc import Iterator
from functools import partial
from queue import Empty
from typing import Any, Final

from kombu import Message
from kombu.transport import virtual
from kombu.utils.uuid import uuid

Bindings = list[tuple[str, str, str]]
"""Routing key, pattern and queue of each binding."""
_REQUEUEING: Final = threading.Lock()
"""Held while a channel's routing is replaced: in memory several threads requeue."""


def release_prefetch_on_ack_failure(message: Message) -> None:
    """Stop counting the message as prefetched after its ack or reject, even if that fails.

    On Redis kombu would count the message for good: a worker at its prefetch limit during a short
    outage would never consume again. The broker redelivers the message after the visibility
    timeout, and it takes effect once. AMQP is unaffected: the broker counts, and a new connection
    starts at zero.
    """
    qos = getattr(message.channel, "qos", None)
    if isinstance(qos, virtual.QoS):
        for name in ("ack_log_error", "reject_log_error"):
            setattr(message, name, partial(_call, getattr(message, name), message, qos))


def _call(end: Any, message: Message, qos: virtual.QoS, *args: Any, **options: Any) -> None:
    """Acknowledge or reject the message, and stop counting it if that fails."""
    try:
        end(*args, **options)
    finally:
        if not message.acknowledged:
            base: Any = virtual.QoS
            base.ack(qos, message.delivery_tag)


class _DeliveredMessage(virtual.Message):
    """A message with a tag of its own, by which it is acknowledged and requeued."""

    def __init__(self, payload: Any, channel: Any = None, **options: Any) -> None:
        payload["properties"]["delivery_tag"] = uuid()
        super().__init__(payload, channel=channel, **options)


def tag_each_delivery(channel: Any) -> None:
    """Give each message that the channel receives a tag of its own.

    kombu gives all subscribers' copies of a message the same tag, and Redis has one table of
    unacknowledged messages, by tag: one subscriber's ack would remove the copy of another one,
    which is lost then when its worker dies or requeues it. AMQP is unaffected.
    """
    if isinstance(getattr(channel, "qos", None), virtual.QoS):
        channel.Message = _DeliveredMessage


@contextlib.contextmanager
def requeued_to(queue: str, message: Message) -> Iterator[None]:
    """Let a requeued message return to this queue alone.

    kombu would route the message by its exchange again, to the queues of all subscribers.
    AMQP is unaffected.
    """
    channel: Any = message.channel
    if not isinstance(getattr(channel, "qos", None), virtual.QoS):
        yield
        return
    with _REQUEUEING:
        channel._lookup = lambda *_: [queue]  # noqa: SLF001  # of this channel alone
        try:
            yield
        finally:
            del channel._lookup  # noqa: SLF001  # kombu's method again


@contextlib.contextmanager
def receiving_the_last_reply(channel: Any, queue: str) -> Iterator[None]:
    """Cancel the queue's consumer in this block, and still receive a message on its way from Redis.

    A worker waits for the reply of a command that removes a message from the queue: after the
    cancellation kombu would requeue the message to all subscribers.
    """
    callbacks = getattr(channel.connection, "_callbacks", {})
    callback = callbacks.get(queue)
    yield
    if callback is not None:
        callbacks[queue] = callback


def await_the_last_reply(channel: Any) -> None:
    """Wait for that reply, about a second; its message is received. Raises the driver's errors."""
    if getattr(channel, "_in_poll", None):
        with contextlib.suppress(Empty):
            channel._brpop_read()  # noqa: SLF001  # as kombu does when the channel is closed


def bindings_of(channel: Any, exchange: str) -> Bindings:
    """Return the exchange's bindings on the broker."""
    with contextlib.suppress(KeyError):  # in memory: no such exchange yet
        return list(channel.get_table(exchange))
    return []


def is_routed(bindings: Bindings, channel: Any, exchange: str, routing_key: str) -> bool:
    """Return whether these bindings of the exchange lead the routing key to a queue."""
    return bool(channel.typeof(exchange).lookup(bindings, exchange, routing_key, None))


@contextlib.contextmanager
def routed_by(bindings: Bindings, channel: Any) -> Iterator[None]:
    """Route by these bindings; kombu would read the broker's for each message."""
    channel.get_table = lambda _exchange: bindings
    try:
        yield
    finally:
        del channel.get_table


def forget_unacknowledged(channel: Any, exchange: str) -> None:
    """Delete the messages of an exchange that were delivered by Redis and not acknowledged.

    kombu would restore them to all queues once their visibility timeout is over, also into queues
    that were emptied. A message that a running worker has at hand loses its second delivery only.
    AMQP and memory are unaffected: a closed channel's messages are on their queue.
    """
    if not hasattr(channel, "unacked_key"):
        return
    with channel.conn_or_acquire() as client:
        for tag, entry in client.hscan_iter(channel.unacked_key):
            _, of, _ = json.loads(entry)
            if of == exchange:
                client.zrem(channel.unacked_index_key, tag)
                client.hdel(channel.unacked_key, tag)


def close_connections(channel: Any) -> None:
    """Close a channel's connections to Redis; other transports do not wait for a broker."""
    pool = getattr(channel, "pool", None)
    if pool is not None:
        with contextlib.suppress(Exception):  # the waiting thread uses the pool
            pool.disconnect()
