"""The batch publisher, for any broker that the app is configured for."""

import os
from collections.abc import Sequence
from typing import Any, Final

from celery import Celery

from reading_club.adapters.eventstream.publisher.amqp import AmqpConnection
from reading_club.adapters.eventstream.publisher.connection import PublisherConnection
from reading_club.adapters.eventstream.publisher.deadline import deadline
from reading_club.adapters.eventstream.publisher.encoding import EncodedMessage, MessageEncoder
from reading_club.adapters.eventstream.publisher.result import PublishResultBuilder
from reading_club.adapters.eventstream.publisher.virtual import VirtualConnection
from reading_club.eventstream.ports.outbox import OutboxMessage
from reading_club.eventstream.ports.publisher import PublishResult

PUBLISH_TIMEOUT: Final = 5.0


class BatchPublisher:
    """Publishes batches of events: an ``EventPublisher`` on a Celery application.

    Routing and serialisation are configured in ``app``, see ``publisher_app``. On AMQP a whole
    batch is in flight, and the broker confirms each event; on Redis a batch is one flush; on other
    brokers events are sent one by one.

    A batch takes ``timeout`` seconds at most, besides the app's time for connecting. After an
    outage the connection is dropped. A forked process opens its own connection.
    """

    def __init__(self, app: Celery, *, timeout: float = PUBLISH_TIMEOUT) -> None:
        self.app = app
        self.timeout = timeout
        self._encoder = MessageEncoder(app)
        self._lines: dict[int, PublisherConnection] = {}

    def publish(self, events: Sequence[OutboxMessage]) -> PublishResult:
        """Send the events in their order; return the result of each, and an outage if any."""
        outcome = PublishResultBuilder()
        letters = self._encoder.encode(events, outcome)
        try:
            if letters:
                self._send(letters, outcome)
        except Exception as exc:  # noqa: BLE001  # any error is an outage
            self.close()
            return outcome.published(outage=exc)
        except BaseException:
            self.close()  # messages in flight are undecided
            raise
        return outcome.published()

    def close(self) -> None:
        """Drop the connection of this process, without waiting for the broker."""
        line = self._lines.pop(os.getpid(), None)
        if line is not None:
            line.drop()

    def _send(self, letters: Sequence[EncodedMessage], outcome: PublishResultBuilder) -> None:
        line = self._line()
        with deadline(self.timeout, line.cut):
            line.send(letters, outcome)

    def _line(self) -> PublisherConnection:
        pid = os.getpid()
        if pid not in self._lines:
            # Stored before connecting, to be dropped if that fails.
            self._lines[pid] = self._new_line()
            self._lines[pid].connect()
        return self._lines[pid]

    def _new_line(self) -> PublisherConnection:
        app: Any = self.app  # the stubs are incomplete
        connection = app.connection_for_write(transport_options={"confirm_publish": False})
        confirms = connection.transport.driver_type == "amqp"
        return (AmqpConnection if confirms else VirtualConnection)(connection, self._encoder.route)
