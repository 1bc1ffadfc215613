"""The batch publisher, for any broker that the app is configured for."""

import contextlib
import logging
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Final

from celery import Celery
from kombu import Connection

from reading_club.adapters.eventstream.broker_errors import deadline
from reading_club.adapters.eventstream.publisher.encoded_message import EncodedMessage
from reading_club.adapters.eventstream.publisher.encoding import MessageEncoder
from reading_club.adapters.eventstream.publisher.result import PublishResultBuilder
from reading_club.adapters.eventstream.publisher.spans import SendSpans
from reading_club.adapters.eventstream.queues import connect, declare
from reading_club.adapters.eventstream.topology import EventRouter, Stream
from reading_club.eventstream.per_process import PerProcess
from reading_club.eventstream.ports.metrics import NO_METRICS, StreamMetrics
from reading_club.eventstream.ports.outbox import OutboxMessage
from reading_club.eventstream.ports.publisher import PublishResult

logger = logging.getLogger(__name__)

PUBLISH_TIMEOUT: Final = 5.0
"""Seconds for a batch, by default."""
NO_QUEUE: Final = "no queue takes it"


class PublisherConnection(ABC):
    """A broker connection, used in one process and one thread, and dropped after an error."""

    def __init__(self, connection: Connection, route: EventRouter) -> None:
        self.connection: Any = connection  # the stubs are incomplete
        self.route = route
        self._refusals: Mapping[str, str] = {}
        self._kept: set[str] = set()

    def connect(self) -> None:
        """Connect, trying each broker of a cluster once. Raises kombu's errors."""
        connect(self.connection)

    @abstractmethod
    def send(self, messages: Sequence[EncodedMessage], result: PublishResultBuilder) -> None:
        """Send messages in their order, and record the result of each.

        Raises the driver's error if the broker is unavailable, slow or full.
        """

    @abstractmethod
    def cut(self) -> None:
        """Let calls that wait for the broker fail at once. Any thread may call this."""

    def drop(self) -> None:
        """Close the connection without a closing handshake, which the broker may not answer."""
        self.cut()
        with contextlib.suppress(Exception):  # dropped, whatever its state
            self.connection.collect()

    def _declare(self) -> None:
        """Declare the queues of all known subscribers; log each refusal once per reason.

        Raises the driver's error if the broker is unavailable.
        """
        refusals = declare(self.connection, self.route.stream, self.route.queues)
        for name in sorted(refusals):
            if refusals[name] != self._refusals.get(name):
                logger.warning(
                    "a queue is refused", extra={"queue": name, "reason": refusals[name]}
                )
        self._refusals = refusals

    def _refusal_of(self, message: EncodedMessage) -> str | None:
        """Return why a message that no queue takes was refused, or None if that is not known.

        Either the broker refused to declare one of its queues, or it has none and is kept.
        """
        wanted = {queue for type_, queue in self.route.bindings if type_ == message.routing_key}
        names = wanted if message.exchange else {message.routing_key}
        known = {queue.name for queue in self.route.queues}
        if self.route.unwanted == "keep" and names.isdisjoint(known):
            self._log_kept(message.routing_key)
            return NO_QUEUE
        return next((self._refusals[name] for name in sorted(names & set(self._refusals))), None)

    def _log_kept(self, routing_key: str) -> None:
        """Log once that messages with this routing key, a type or a queue, stay in the outbox."""
        if routing_key not in self._kept:
            logger.warning("no queue takes %s", routing_key, extra={"routing_key": routing_key})
            self._kept.add(routing_key)


class BatchPublisher:
    """Publishes batches of events: an ``EventPublisher`` on a Celery application.

    Routing and serialisation are configured in ``app``, see ``publisher_app``. On AMQP a whole
    batch is in flight, and the broker confirms each event; on Redis a batch is one flush; on other
    brokers events are sent one by one.

    A batch takes ``timeout`` seconds at most, besides the app's time for connecting. After an
    outage the connection is dropped. A forked process opens its own connection.

    An app that is not of ``publisher_app`` needs the ``stream``, unless it is the default one.
    Raises ValueError if the app belongs to another stream.
    """

    def __init__(
        self,
        app: Celery,
        *,
        stream: Stream | None = None,
        timeout: float = PUBLISH_TIMEOUT,
        metrics: StreamMetrics = NO_METRICS,
    ) -> None:
        self._metrics = metrics
        self.app = app
        self.timeout = timeout
        self._encoder = MessageEncoder(app, stream)
        self._spans = SendSpans(app, self._encoder.route.stream.exchange)
        self._connections = PerProcess(self._new_connection)

    def publish(self, events: Sequence[OutboxMessage]) -> PublishResult:
        """Send the events in their order; return the result of each, and an outage if any."""
        return self._spans.traced(events, self._publish)

    def _publish(self, events: Sequence[OutboxMessage]) -> PublishResult:
        messages, failed = self._encoder.encode(events)
        result = PublishResultBuilder(failed, messages)
        try:
            if messages:
                self._send(messages, result)
        except Exception as exc:  # noqa: BLE001  # any error is an outage
            self.close()
            return result.build(outage=exc)
        except BaseException:
            self.close()  # messages in flight are undecided
            raise
        return result.build()

    def close(self) -> None:
        """Drop the connection of this process, without waiting for the broker."""
        connection = self._connections.pop()
        if connection is not None:
            self._metrics.connection_lost()
            connection.drop()

    def _send(self, messages: Sequence[EncodedMessage], result: PublishResultBuilder) -> None:
        connection = self._connections.value
        if connection is None:
            # Kept before connecting, to be dropped if that fails.
            connection = self._connections.get()
            connection.connect()
            self._metrics.connection_opened()
        with deadline(self.timeout, connection.cut):
            connection.send(messages, result)

    def _new_connection(self) -> PublisherConnection:
        # Imported here: both modules are on top of this one.
        from reading_club.adapters.eventstream.publisher.amqp import AmqpConnection
        from reading_club.adapters.eventstream.publisher.virtual import VirtualConnection

        app: Any = self.app  # the stubs are incomplete
        connection = app.connection_for_write(transport_options={"confirm_publish": False})
        confirms = connection.transport.driver_type == "amqp"
        return (AmqpConnection if confirms else VirtualConnection)(connection, self._encoder.route)
