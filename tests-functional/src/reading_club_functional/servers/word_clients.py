"""Minimal clients, which show whether a server answers and keeps a stored string."""

from collections.abc import Callable
from typing import Any, Protocol

import redis
from kombu import Connection
from kombu.exceptions import OperationalError

from reading_club_functional.database import Database
from reading_club_functional.servers.postgresql import PostgreSQLServer
from reading_club_functional.servers.rabbitmq import RabbitMQServer
from reading_club_functional.servers.server import Server
from reading_club_functional.servers.valkey import ValkeyServer

TIMEOUT = 2.0
NO_ANSWER = (TimeoutError, redis.TimeoutError, OperationalError)


class Client(Protocol):
    """Stores a word on a server; both methods raise one of `NO_ANSWER` after `TIMEOUT` s."""

    def leave(self, word: str) -> None:
        """Store the word; return when the server has confirmed it."""

    def fetch(self) -> str:
        """Return the word and delete it."""
        ...


class PostgreSQLClient:
    """Stores the word in a row."""

    def __init__(self, url: str) -> None:
        self._database = Database(url, timeout=TIMEOUT)

    def leave(self, word: str) -> None:
        """Store the word."""
        self._database.rows(f"CREATE TABLE word AS SELECT '{word}' AS text")

    def fetch(self) -> str:
        """Return the word and delete it."""
        ((word,),) = self._database.rows("SELECT text FROM word")
        self._database.rows("DROP TABLE word")
        return str(word)


class BrokerClient:
    """Stores the word in a queue, which is durable on RabbitMQ."""

    def __init__(self, url: str) -> None:
        amqp = {"confirm_publish": True, "read_timeout": TIMEOUT, "write_timeout": TIMEOUT}
        redis = {"socket_timeout": TIMEOUT, "socket_connect_timeout": TIMEOUT}
        options: dict[str, Any] = amqp if url.startswith("amqp") else redis
        self._connection = Connection(url, connect_timeout=TIMEOUT, transport_options=options)

    def leave(self, word: str) -> None:
        """Store the word."""
        with self._connected() as connection, connection.SimpleQueue("word") as queue:
            queue.put(word)

    def fetch(self) -> str:
        """Return the word and delete it."""
        with self._connected() as connection, connection.SimpleQueue("word") as queue:
            message = queue.get(timeout=TIMEOUT)
            message.ack()
            return str(message.payload)

    def _connected(self) -> Connection:
        return self._connection.clone().ensure_connection(max_retries=1, interval_start=0)


CLIENTS: dict[type[Server], Callable[[str], Client]] = {
    PostgreSQLServer: PostgreSQLClient,
    RabbitMQServer: BrokerClient,
    ValkeyServer: BrokerClient,
}
