"""Publishes a batch on AMQP, with publisher confirms."""

import contextlib
import socket
import time
from collections.abc import Callable, Sequence
from itertools import takewhile
from typing import Any, Final

from amqp.exceptions import ContentTooLarge, PreconditionFailed
from kombu import Connection

from reading_club.adapters.eventstream._pyamqp import (
    on_blocked,
    shut_down,
    socket_of,
    write_message,
)
from reading_club.adapters.eventstream.broker_errors import BrokerBlocked
from reading_club.adapters.eventstream.publisher.encoded_message import EncodedMessage
from reading_club.adapters.eventstream.publisher.publisher import NO_QUEUE, PublisherConnection
from reading_club.adapters.eventstream.publisher.result import PublishResultBuilder
from reading_club.adapters.eventstream.topology import EventRouter

DECLARE_EVERY: Final = 60.0
"""Seconds between declarations on a live connection, which restore lost bindings."""
_REFUSED: Final = (ContentTooLarge, PreconditionFailed)


class ConfirmTracker:
    """Maps delivery tags to messages, and records the broker's acks, nacks and returns."""

    def __init__(self, channel: Any, refusal_of: Callable[[EncodedMessage], str | None]) -> None:
        self.result = PublishResultBuilder()
        self.pending: dict[int, EncodedMessage] = {}
        self.returned = False
        self.nacked = False
        self._tag = 0
        self._refusal_of = refusal_of
        channel.confirm_select()
        channel.events["basic_ack"].add(self.on_ack)
        channel.events["basic_nack"].add(self.on_nack)
        channel.events["basic_return"].add(self.on_return)

    def expect(self, message: EncodedMessage) -> None:
        """Assign the next delivery tag to the message, which is published next."""
        self._tag += 1
        self.pending[self._tag] = message

    def on_ack(self, tag: int, multiple: bool) -> None:  # noqa: FBT001  # py-amqp's signature
        """Record messages as confirmed; a returned message keeps its result."""
        for message in self._pop_confirmed(tag, multiple=multiple):
            self.result.confirm(message)

    def on_nack(self, tag: int, multiple: bool) -> None:  # noqa: FBT001  # py-amqp's signature
        """Record messages as refused: one of their queues is full or unavailable.

        The connection works, and other queues may have taken the messages.
        """
        self.nacked = True
        for message in self._pop_confirmed(tag, multiple=multiple):
            queue = "one of its queues" if message.exchange else f"queue {message.routing_key}"
            self.result.refuse(message.key, f"{queue} is full or takes no messages")

    def on_return(self, _exc: Exception, _exchange: str, _routing_key: str, returned: Any) -> None:
        """Record a mandatory message without a queue as failed; the broker acks it later.

        If the broker refused to declare the queue, the message is recorded as refused.
        """
        self.returned = True
        task_id = returned.properties.get("correlation_id")
        for message in self.pending.values():
            if message.task_id == task_id and (refusal := self._refusal_of(message)):
                self.result.refuse(message.key, refusal)
            elif message.task_id == task_id:
                self.result.fail(message.key, NO_QUEUE)

    def _pop_confirmed(self, tag: int, *, multiple: bool) -> list[EncodedMessage]:
        tags = list(takewhile(tag.__ge__, self.pending)) if multiple else [tag]
        return [self.pending.pop(each) for each in tags if each in self.pending]


class AmqpConnection(PublisherConnection):
    """An AMQP connection: publishes a whole batch, and then waits for its confirms."""

    def __init__(self, connection: Connection, route: EventRouter) -> None:
        super().__init__(connection, route)
        self._socket: socket.socket | None = None
        self._confirms: ConfirmTracker | None = None
        self._channel: Any = None
        self._declared_at = 0.0

    def connect(self) -> None:
        """Connect, keep the socket for ``cut``, and read the reason of an alarm."""
        super().connect()
        self._socket = socket_of(self.connection.connection)
        on_blocked(self.connection.connection, raise_blocked)

    def send(self, messages: Sequence[EncodedMessage], result: PublishResultBuilder) -> None:
        """Return when the broker has confirmed, returned or refused each message."""
        confirms = self._opened()
        confirms.result = result
        try:
            self._publish(messages, confirms)
        except _REFUSED as exc:
            self._close_channel()
            if len(messages) == 1:
                result.fail(messages[0].key, f"the broker refuses it: {type(exc).__name__}")
                return
            # The broker does not say which one is too large.
            for message in messages:
                if not result.knows(message.key):
                    self.send([message], result)

    def cut(self) -> None:
        """Let calls that wait for the broker fail at once. Any thread may call this."""
        shut_down(self._socket)

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
        self._confirms.returned = False
        return self._confirms

    def _publish(self, messages: Sequence[EncodedMessage], confirms: ConfirmTracker) -> None:
        with contextlib.suppress(TimeoutError):  # the broker has sent nothing
            self.connection.drain_events(timeout=0)
        for message in messages:
            confirms.expect(message)
            self._write(message)
        while confirms.pending:
            with contextlib.suppress(TimeoutError):  # the socket's; a timer keeps the batch's
                self.connection.drain_events()

    def _write(self, message: EncodedMessage) -> None:
        exchange, key, mandatory = message.exchange, message.routing_key, message.mandatory
        try:
            write_message(self._channel, message.prerendered, exchange, key, mandatory=mandatory)
        except OSError:
            # The broker may have sent its reason before. kombu would reconnect to read the reason.
            with contextlib.suppress(OSError):
                self._channel.connection.drain_events(timeout=0)
            raise

    def _close_channel(self) -> None:
        """Close the channel, which py-amqp may have reopened after the broker closed it."""
        self._confirms = None
        self._channel.close()


def raise_blocked(reason: str) -> None:
    """Raise BrokerBlocked in the thread that reads from the connection."""
    alarms = [alarm for alarm in ("memory", "disk") if alarm in reason]
    raise BrokerBlocked(f"the broker's {' and '.join(alarms) or 'resource'} alarm")
