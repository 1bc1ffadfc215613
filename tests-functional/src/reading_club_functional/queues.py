"""Looking into the subscribers' queues, and taking away what is in them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kombu import Connection
from redis import Redis

from reading_club.adapters.eventstream.topology import EXCHANGE, queue_called
from reading_club_functional.club import EVERYBODY


def waiting(broker_url: str) -> dict[str, int]:
    """Return how many messages are in each subscriber's queue."""
    with _channel(broker_url) as channel:
        answers = {
            name: channel.queue_declare(queue_called(name), passive=True) for name in EVERYBODY
        }
        return {name: int(answer.message_count) for name, answer in answers.items()}


def purge(broker_url: str, *subscribers: str) -> None:
    """Empty the queues of these subscribers, or of all."""
    with _channel(broker_url) as channel:
        for name in subscribers or EVERYBODY:
            channel.queue_purge(queue_called(name))


def delete(broker_url: str) -> None:
    """Delete the queues of all subscribers."""
    with _channel(broker_url) as channel:
        for name in EVERYBODY:
            channel.queue_delete(queue_called(name))


def unbind(broker_url: str, subscriber: str, type_: str) -> None:
    """Let a subscriber's queue hear no more of this type."""
    with _channel(broker_url) as channel:
        channel.queue_unbind(queue_called(subscriber), exchange=EXCHANGE.name, routing_key=type_)


def flush(broker_url: str) -> None:
    """Let Valkey forget everything that it was told."""
    with Redis.from_url(broker_url) as client:
        client.flushall()


@contextmanager
def _channel(broker_url: str) -> Iterator[Any]:
    with Connection(broker_url, connect_timeout=10) as connection, connection.channel() as channel:
        yield channel
