"""Minimal clients, which show whether a server answers and keeps a stored word."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import redis
from kombu import Connection
from kombu.exceptions import OperationalError

from reading_club_functional.database import Database

TIMEOUT = 2.0
NO_ANSWER = (TimeoutError, redis.TimeoutError, OperationalError)


def leave(url: str, word: str) -> None:
    """Store the word in a row or in a queue, which is durable on RabbitMQ.

    Returns when the server has confirmed it. Raises one of `NO_ANSWER` after `TIMEOUT` seconds.
    """
    if url.startswith("postgresql"):
        Database(url, timeout=TIMEOUT).rows(f"CREATE TABLE word AS SELECT '{word}' AS text")
    else:
        with _queue(url) as queue:
            queue.put(word)


def fetch(url: str) -> str:
    """Return the word and delete it. Raises one of `NO_ANSWER` after `TIMEOUT` seconds."""
    if url.startswith("postgresql"):
        database = Database(url, timeout=TIMEOUT)
        ((word,),) = database.rows("SELECT text FROM word")
        database.rows("DROP TABLE word")
        return str(word)
    with _queue(url) as queue:
        message = queue.get(timeout=TIMEOUT)
        message.ack()
        return str(message.payload)


@contextmanager
def _queue(url: str) -> Iterator[Any]:
    amqp = {"confirm_publish": True, "read_timeout": TIMEOUT, "write_timeout": TIMEOUT}
    redis = {"socket_timeout": TIMEOUT, "socket_connect_timeout": TIMEOUT}
    options: dict[str, Any] = amqp if url.startswith("amqp") else redis
    with Connection(url, connect_timeout=TIMEOUT, transport_options=options) as connection:
        connection.ensure_connection(max_retries=1, interval_start=0)
        with connection.SimpleQueue("word") as queue:
            yield queue
