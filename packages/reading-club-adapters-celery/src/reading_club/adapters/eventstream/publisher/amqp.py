"""Publishes a batch on AMQP, with publisher confirms."""

import contextlib
import socket
import time
from collections.abc import Sequence
from typing import Any, Final

from amqp import spec
from amqp.exceptions import ContentTooLarge, PreconditionFailed
from kombu import Connection

from reading_club.adapters.eventstream.app import EventRouter
from reading_club.adapters.eventstream.failure_reasons import BrokerBlocked
from reading_club.adapters.eventstream.publisher.confirm_tracker import ConfirmTracker
from reading_club.adapters.eventstream.publisher.connection import PublisherConnection
from reading_club.adapters.eventstream.publisher.encoding import EncodedMessage, MessageTemplate
from reading_club.adapters.eventstream.publisher.prerendered import SerializedProperties
from reading_club.adapters.eventstream.publisher.result import PublishResultBuilder

DECLARE_EVERY: Final = 60.0
"""Seconds between declarations on a live connection, which restore lost bindings."""
_REFUSED: Final = (ContentTooLarge, PreconditionFailed)


class AmqpConnection(PublisherConnection):
    """An AMQP connection: publishes a whole batch, and then waits for its confirms."""

    def __init__(self, connection: Connection, route: EventRouter) -> None:
        super().__init__(connection, route)
        self._socket: socket.socket | None = None
        self._confirms: ConfirmTracker | None = None
        self._channel: Any = None
        self._forms: dict[int, SerializedProperties] = {}
        self._declared_at = 0.0

    def connect(self) -> None:
        """Connect, keep the socket for ``cut``, and read the reason of Connection.Blocked."""
        super().connect()
        connection = self.connection.connection
        self._socket = connection.sock
        # py-amqp does not read the reason that RabbitMQ sends: low on memory, or on disk.
        blocked = spec.Connection.Blocked
        connection._METHODS = {**connection._METHODS, blocked: spec.method(blocked, "s")}  # noqa: SLF001  # as for other methods
        connection._callbacks[blocked] = _on_blocked  # noqa: SLF001  # replaces py-amqp's

    def send(self, letters: Sequence[EncodedMessage], outcome: PublishResultBuilder) -> None:
        """Return when the broker has confirmed, returned or refused each message."""
        confirms = self._opened()
        confirms.outcome = outcome
        try:
            self._publish(letters, confirms)
        except _REFUSED as exc:
            self._close_channel()
            if len(letters) == 1:
                outcome.fail(letters[0].key, f"the broker refuses it: {type(exc).__name__}")
            else:
                self._find(letters, outcome)

    def cut(self) -> None:
        """Shut the socket down below TLS, without TLS's closing message."""
        if self._socket is not None:
            with contextlib.suppress(OSError):  # already closed
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def _opened(self) -> ConfirmTracker:
        """Return the channel's confirms; declare the queues first after a return, or when due."""
        now, last = time.monotonic(), self._confirms
        if last is None or last.returned or now - self._declared_at >= DECLARE_EVERY:
            self._declare()
            self._declared_at = now
        if last is not None and last.nacked:
            # On this channel RabbitMQ keeps refusing for a quorum queue whose limit was removed.
            self._close_channel()
        if self._confirms is None:
            channel = self.connection.channel()
            self._confirms = ConfirmTracker(channel, self._refusal_of)
            self._channel = channel
            self._forms = {}
        self._confirms.returned = False
        return self._confirms

    def _publish(self, letters: Sequence[EncodedMessage], confirms: ConfirmTracker) -> None:
        with contextlib.suppress(TimeoutError):  # the broker has sent nothing
            self.connection.drain_events(timeout=0)
        for letter in letters:
            confirms.expect(letter)
            self._write(letter)
        while confirms.pending:
            with contextlib.suppress(TimeoutError):  # the socket's; a timer keeps the batch's
                self.connection.drain_events()

    def _write(self, letter: EncodedMessage) -> None:
        """Publish as py-amqp's ``basic_publish`` does, without reading before each message."""
        where = (0, letter.exchange, letter.routing_key, letter.mandatory, False)
        message = self._written(letter.form).message(letter)
        try:
            self._channel.send_method(spec.Basic.Publish, "Bssbb", where, message)
        except OSError:
            # The broker may have sent its reason before. kombu would reconnect to read the reason.
            with contextlib.suppress(OSError):
                self._channel.connection.drain_events(timeout=0)
            raise

    def _written(self, form: MessageTemplate) -> SerializedProperties:
        """Return the serialised template, cached by ``id``: the encoder keeps templates alive."""
        if id(form) not in self._forms:
            self._forms[id(form)] = SerializedProperties(form, self._channel)
        return self._forms[id(form)]

    def _find(self, letters: Sequence[EncodedMessage], outcome: PublishResultBuilder) -> None:
        """Send each undecided message alone: the broker does not say which one is too large."""
        for letter in letters:
            if not outcome.knows(letter.key):
                self.send([letter], outcome)

    def _close_channel(self) -> None:
        """Close the channel, which py-amqp may have reopened after the broker closed it."""
        self._confirms = None
        self._channel.close()


def _on_blocked(reason: str) -> None:
    """Raise BrokerBlocked in the thread that reads from the connection."""
    alarms = [alarm for alarm in ("memory", "disk") if alarm in reason]
    raise BrokerBlocked(f"the broker's {' and '.join(alarms) or 'resource'} alarm")
