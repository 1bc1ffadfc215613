"""Works around kombu's transports for Redis and for memory: prefetching, routing and closing.

Internals of kombu 5.7.0 that this file uses, each with the test that fails if the internal
changes:

- ``virtual.QoS.ack``: changes the local count, without asking the broker. Redis's own ``ack``
  leaves the count unchanged when it fails. ``test_a_failed_ack_frees_its_prefetched_slot``
- ``Channel.get_table``, called for each message: the bindings of an exchange.
  ``test_a_batch_is_routed_by_one_reading_of_the_bindings``
- ``Channel.pool`` of Redis: its open connections.
  ``test_the_connections_of_a_redis_channel_are_closed``
"""

import contextlib
from collections.abc import Iterator
from functools import partial
from typing import Any

from kombu import Message
from kombu.transport import virtual

Bindings = list[tuple[str, str, str]]
"""Routing key, pattern and queue of each binding."""


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


def bindings_of(channel: Any, exchange: str) -> Bindings:
    """Return the exchange's bindings on the broker."""
    with contextlib.suppress(KeyError):  # in memory: no such exchange yet
        return list(channel.get_table(exchange))
    return []


@contextlib.contextmanager
def routed_by(bindings: Bindings, channel: Any) -> Iterator[None]:
    """Route by these bindings; kombu would read the broker's for each message."""
    channel.get_table = lambda _exchange: bindings
    try:
        yield
    finally:
        del channel.get_table


def close_connections(channel: Any) -> None:
    """Close a channel's connections to Redis; other transports do not wait for a broker."""
    pool = getattr(channel, "pool", None)
    if pool is not None:
        with contextlib.suppress(Exception):  # the waiting thread uses the pool
            pool.disconnect()
