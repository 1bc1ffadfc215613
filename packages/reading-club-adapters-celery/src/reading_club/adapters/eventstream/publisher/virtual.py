"""Publishes a batch on kombu's virtual transports: one flush on Redis, else one by one."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

from kombu import Producer

from reading_club.adapters.eventstream.publisher.connection import NO_QUEUE, PublisherConnection
from reading_club.adapters.eventstream.publisher.encoding import EncodedMessage
from reading_club.adapters.eventstream.publisher.result import PublishResultBuilder
from reading_club.adapters.eventstream.topology import EXCHANGE

Table = list[tuple[str, str, str]]
"""Bindings: routing key, pattern and queue."""


class BindingsLost(Exception):
    """The broker has lost bindings that were declared a moment ago."""


class VirtualConnection(PublisherConnection):
    """A connection that routes in the client, as kombu does, by the broker's binding table."""

    _channel: Any = None
    _producer: Any = None

    def send(self, letters: Sequence[EncodedMessage], outcome: PublishResultBuilder) -> None:
        """Return when the broker has stored the messages, in one flush if it can.

        A message for a queue that does not exist fails. Raises BindingsLost.
        """
        table = self._table()
        queues = {queue for *_, queue in table}
        known = []
        for letter in letters:
            if letter.exchange or letter.routing_key in queues:
                known.append(letter)
            else:
                outcome.fail(letter.key, NO_QUEUE)
        with _routed_by(table, self._channel):
            self._publish(known, len(known) * len(table) + 1, outcome)

    def cut(self) -> None:
        """Close the connections to Redis; other transports do not wait."""
        pool = getattr(self._channel, "pool", None)
        if pool is not None:
            with contextlib.suppress(Exception):  # the waiting thread uses the pool
                pool.disconnect()

    def _publish(
        self, letters: Sequence[EncodedMessage], operations: int, outcome: PublishResultBuilder
    ) -> None:
        at_once = self._producer.supports_batch_publish
        with self._producer.batch(max_size=operations):
            for letter in letters:
                self._producer.publish(letter.body, **letter.options)
                if not at_once:
                    outcome.confirm(letter.key)
        for letter in letters:
            outcome.confirm(letter.key)

    def _table(self) -> Table:
        """Return the broker's bindings, declared again if a known subscriber's is missing.

        Raises BindingsLost if one is missing nevertheless.
        """
        table = self._bound()
        if self._channel is None or not self._complete(table):
            self._start_anew()
            table = self._bound()
        if not self._complete(table):
            raise BindingsLost
        return table

    def _start_anew(self) -> None:
        """Reconnect and declare: kombu declares an entity once per connection."""
        if self._channel is not None:
            self.connection.collect()
            self.connect()
        self._channel = self.connection.channel()
        self._producer = Producer(self._channel, auto_declare=False)
        self._declare()

    def _bound(self) -> Table:
        if self._channel is None:
            return []
        with contextlib.suppress(KeyError):  # in memory: no such exchange yet
            return list(self._channel.get_table(EXCHANGE.name))
        return []

    def _complete(self, table: Table) -> bool:
        bound = {(key, queue) for key, _, queue in table}
        return self.route.bindings <= bound


@contextlib.contextmanager
def _routed_by(table: Table, channel: Any) -> Iterator[None]:
    """Route by this table; kombu would read the broker's table for each message."""
    channel.get_table = lambda _exchange: table
    try:
        yield
    finally:
        del channel.get_table
