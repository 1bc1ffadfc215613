"""A window on kombu's virtual transports: one flush on Redis, one by one elsewhere."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

from kombu import Producer

from reading_club.adapters.eventstream.publisher.letters import Letter
from reading_club.adapters.eventstream.publisher.line import NO_QUEUE, Line
from reading_club.adapters.eventstream.publisher.outcome import Outcome
from reading_club.adapters.eventstream.topology import EXCHANGE

Table = list[tuple[str, str, str]]
"""Routing keys, patterns and queues."""


class BindingsLost(Exception):
    """The broker has forgotten what was declared a moment ago."""


class VirtualLine(Line):
    """Routes by itself, as kombu does: what is bound is kept on the broker, in a table."""

    _channel: Any = None
    _producer: Any = None

    def send(self, letters: Sequence[Letter], outcome: Outcome) -> None:
        """Return when the broker has taken the letters, all at once if it can."""
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
        """Close the connections of Redis; nothing else can be waited for."""
        pool = getattr(self._channel, "pool", None)
        if pool is not None:
            with contextlib.suppress(Exception):  # it is in use by the thread that waits
                pool.disconnect()

    def _publish(self, letters: Sequence[Letter], operations: int, outcome: Outcome) -> None:
        at_once = self._producer.supports_batch_publish
        with self._producer.batch(max_size=operations):
            for letter in letters:
                self._producer.publish(letter.body, **letter.options)
                if not at_once:
                    outcome.confirm(letter.key)
        for letter in letters:
            outcome.confirm(letter.key)

    def _table(self) -> Table:
        """Return what is bound on the broker, with all that known subscribers hear.

        Raises BindingsLost.
        """
        table = self._bound()
        if self._channel is None or not self._complete(table):
            self._start_anew()
            table = self._bound()
        if not self._complete(table):
            raise BindingsLost
        return table

    def _start_anew(self) -> None:
        """Connect and declare; kombu remembers for each connection what it has declared."""
        if self._channel is not None:
            self.connection.collect()
            self.connect()
        self._channel = self.connection.channel()
        self._producer = Producer(self._channel, auto_declare=False)
        self._declare()

    def _bound(self) -> Table:
        if self._channel is None:
            return []
        with contextlib.suppress(KeyError):  # the exchange is not there, in memory
            return list(self._channel.get_table(EXCHANGE.name))
        return []

    def _complete(self, table: Table) -> bool:
        bound = {(key, queue) for key, _, queue in table}
        return self.route.bindings <= bound


@contextlib.contextmanager
def _routed_by(table: Table, channel: Any) -> Iterator[None]:
    """Route by this table; kombu would ask the broker for it with each message."""
    channel.get_table = lambda _exchange: table
    try:
        yield
    finally:
        del channel.get_table
