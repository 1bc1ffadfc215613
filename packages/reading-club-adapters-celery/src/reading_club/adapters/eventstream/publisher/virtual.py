"""Publishes a batch on kombu's virtual transports: one flush on Redis, else one by one."""

from collections.abc import Sequence
from typing import Any

from kombu import Producer

from reading_club.adapters.eventstream._kombu_redis import (
    Bindings,
    bindings_of,
    close_connections,
    is_routed,
    routed_by,
)
from reading_club.adapters.eventstream.publisher.encoded_message import EncodedMessage
from reading_club.adapters.eventstream.publisher.publisher import NO_QUEUE, PublisherConnection
from reading_club.adapters.eventstream.publisher.result import PublishResultBuilder


class BindingsLost(Exception):
    """The broker has lost bindings that were declared a moment ago."""


class VirtualConnection(PublisherConnection):
    """A connection that routes in the client, as kombu does, by the bindings on the broker."""

    _channel: Any = None
    _producer: Any = None

    def send(self, messages: Sequence[EncodedMessage], result: PublishResultBuilder) -> None:
        """Return when the broker has stored the messages, in one flush if it can.

        A message for a subscriber's queue that does not exist fails, or is refused; the queue of an
        ordinary task comes into being with it. Raises BindingsLost.
        """
        bindings = self._complete_bindings()
        queues = {queue for *_, queue in bindings}
        known = []
        for message in messages:
            if self._is_routed(message, bindings, queues):
                known.append(message)
            elif refusal := self._refusal_of(message):
                result.refuse(message.key, refusal)
            else:
                result.fail(message.key, NO_QUEUE)
        with routed_by(bindings, self._channel):
            self._publish(known, len(known) * len(bindings) + 1, result)

    def cut(self) -> None:
        """Let calls that wait for the broker fail at once. Any thread may call this."""
        close_connections(self._channel)

    def _publish(
        self, messages: Sequence[EncodedMessage], operations: int, result: PublishResultBuilder
    ) -> None:
        at_once = self._producer.supports_batch_publish
        with self._producer.batch(max_size=operations):
            for message in messages:
                self._producer.publish(message.body, **message.options)
                if not at_once:
                    result.confirm(message)
        for message in messages:
            result.confirm(message)

    def _is_routed(self, message: EncodedMessage, bindings: Bindings, queues: set[str]) -> bool:
        """Return whether a queue takes the message, or none has to.

        A known type has one: the bindings are checked. The look-up compares the type with each
        binding, and is for other types alone.
        """
        if message.is_task or not message.mandatory:
            return True
        if not message.exchange:
            return message.routing_key in queues
        known = message.routing_key in self.route.wanted
        return known or is_routed(bindings, self._channel, message.exchange, message.routing_key)

    def _complete_bindings(self) -> Bindings:
        """Return the broker's bindings, declared again if a known subscriber's is missing.

        Raises BindingsLost if one is missing nevertheless.
        """
        if self._channel is not None and self._is_complete(bindings := self._bindings()):
            return bindings
        self._start_anew()
        if self._is_complete(bindings := self._bindings()):
            return bindings
        raise BindingsLost

    def _start_anew(self) -> None:
        """Reconnect and declare: kombu declares an entity once per connection."""
        if self._channel is not None:
            self.connection.collect()
            self.connect()
        self._channel = self.connection.channel()
        self._producer = Producer(self._channel, auto_declare=False)
        self._declare()

    def _bindings(self) -> Bindings:
        return bindings_of(self._channel, self.route.stream.exchange)

    def _is_complete(self, bindings: Bindings) -> bool:
        return self.route.bindings <= {(key, queue) for key, _, queue in bindings}
