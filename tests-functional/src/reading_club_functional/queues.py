"""Counts, purges, deletes and unbinds the subscribers' queues at the broker."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kombu import Connection
from redis import Redis

from reading_club.adapters.eventstream.topology import EXCHANGE, queue_name
from reading_club_functional.club import EVERYBODY


def waiting(broker_url: str) -> dict[str, int]:
    """Return the number of messages in each subscriber's queue."""
    with _channel(broker_url) as channel:
        answers = {
            name: channel.queue_declare(queue_name(name), passive=True) for name in EVERYBODY
        }
        return {name: int(answer.message_count) for name, answer in answers.items()}


def purge(broker_url: str, *subscribers: str) -> None:
    """Purge the queues of these subscribers (default: all)."""
    with _channel(broker_url) as channel:
        for name in subscribers or EVERYBODY:
            channel.queue_purge(queue_name(name))


def delete(broker_url: str) -> None:
    """Delete the queues of all subscribers."""
    with _channel(broker_url) as channel:
        for name in EVERYBODY:
            channel.queue_delete(queue_name(name))


def unbind(broker_url: str, subscriber: str, type_: str) -> None:
    """Remove the binding of a subscriber's queue for this event type."""
    with _channel(broker_url) as channel:
        channel.queue_unbind(queue_name(subscriber), exchange=EXCHANGE.name, routing_key=type_)


def flush(broker_url: str) -> None:
    """Delete all data of Valkey (FLUSHALL)."""
    with Redis.from_url(broker_url) as client:
        client.flushall()


@contextmanager
def _channel(broker_url: str) -> Iterator[Any]:
    with Connection(broker_url, connect_timeout=10) as connection, connection.channel() as channel:
        yield channel
