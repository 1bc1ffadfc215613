"""The subscribers' queues at the broker: counts, declarations, purges and deletions."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kombu import Connection
from redis import Redis

from reading_club.adapters.eventstream.topology import EXCHANGE, queue_for, queue_name
from reading_club.service.subscribers import SUBSCRIBERS
from reading_club_functional.cluster import BOOK_SUBSCRIBERS


@contextmanager
def open_channel(broker_url: str) -> Iterator[Any]:
    """Open a connection to the broker, and yield a channel."""
    with Connection(broker_url, connect_timeout=10) as connection, connection.channel() as channel:
        yield channel


def waiting(broker_url: str, *subscribers: str) -> dict[str, int]:
    """Return how many messages wait for these subscribers (default: those of books)."""
    with open_channel(broker_url) as channel:
        return {
            name: int(channel.queue_declare(queue_name(name), passive=True).message_count)
            for name in subscribers or BOOK_SUBSCRIBERS
        }


def declare(broker_url: str) -> None:
    """Declare the exchange and empty queues of all subscribers, as the club does."""
    delete(broker_url)
    with open_channel(broker_url) as channel:
        EXCHANGE(channel).declare()
        for queue in map(queue_for, SUBSCRIBERS):
            queue(channel).declare()


def purge(broker_url: str, *subscribers: str) -> None:
    """Purge the queues of these subscribers (default: those of books)."""
    with open_channel(broker_url) as channel:
        for name in subscribers or BOOK_SUBSCRIBERS:
            channel.queue_purge(queue_name(name))


def delete(broker_url: str, *subscribers: str) -> None:
    """Delete the queues of these subscribers (default: those of books), with their bindings."""
    with open_channel(broker_url) as channel:
        for name in subscribers or BOOK_SUBSCRIBERS:
            channel.queue_delete(queue_name(name))


def unbind(broker_url: str, subscriber: str, type_: str) -> None:
    """Remove the binding of a subscriber's queue for this event type."""
    with open_channel(broker_url) as channel:
        channel.queue_unbind(queue_name(subscriber), exchange=EXCHANGE.name, routing_key=type_)


def flush(broker_url: str) -> None:
    """Delete all data of Valkey (FLUSHALL)."""
    with Redis.from_url(broker_url) as client:
        client.flushall()
