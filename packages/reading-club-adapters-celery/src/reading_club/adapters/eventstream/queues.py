"""Declares the exchange and the subscribers' queues, and checks queues without consuming."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from amqp.exceptions import ChannelError
from celery import Celery
from kombu import Queue

from reading_club.adapters.eventstream._kombu_redis import forget_unacknowledged
from reading_club.adapters.eventstream.broker_errors import deadline, reason_of
from reading_club.adapters.eventstream.queue_state import queue_state
from reading_club.adapters.eventstream.stream_app import stream_of
from reading_club.adapters.eventstream.topology import Stream, differs, refusal
from reading_club.eventstream.errors import EventstreamUnavailable, QueueDiffers, QueueRefused
from reading_club.eventstream.ports.queues import QueueState
from reading_club.eventstream.subscriber import Subscriber

_TIMEOUT: Final = 5.0


def connect(connection: Any) -> None:
    """Connect, trying each broker of a cluster once. Raises the driver's errors."""
    alternatives = max(0, len(connection.alt) - 1)
    connection.ensure_connection(max_retries=alternatives, interval_start=0)


def declare(connection: Any, stream: Stream, queues: Iterable[Queue]) -> Mapping[str, str]:
    """Declare the exchange, and each queue with its bindings; return refusals by queue name.

    A broker refuses, for example, a queue that exists with other arguments, and closes the channel:
    the next queue is declared on a new channel of the same connection. Raises the driver's error if
    the broker is unavailable or refuses the exchange.
    """
    channel = connection.channel()
    stream.topic(channel).declare()
    refusals = {}
    for queue in queues:
        try:
            queue(channel).declare()
        except ChannelError as exc:
            refusals[queue.name] = refusal(queue, exc)
            channel.close()  # py-amqp has reopened the channel that the broker closed
            channel = connection.channel()
    channel.close()
    return refusals


class SubscriberQueues:
    """The subscribers' queues on the app's broker; each call opens a connection.

    An app that is not of ``publisher_app`` needs the ``stream``, unless it is the default one.
    Raises ValueError if the app belongs to another stream.
    """

    def __init__(self, app: Celery, *, stream: Stream | None = None) -> None:
        self._app = app
        self._stream = stream_of(app, stream)

    def declare(self, subscriber: Subscriber[Any, Any]) -> None:
        """Declare the queue and its bindings, where missing. Takes about 5 s at most.

        Raises QueueDiffers for a queue that exists with other arguments, QueueRefused for any other
        refusal, and EventstreamUnavailable.
        """
        with self._connected() as connection:
            refusals = declare(connection, self._stream, [self._stream.queue_for(subscriber)])
        for queue, reason in refusals.items():
            raise QueueDiffers(queue) if differs(reason) else QueueRefused(reason)

    def is_empty(self, subscriber: str) -> bool:
        """Whether the queue has no messages or does not exist. Takes about 5 s at most.

        Raises EventstreamUnavailable.
        """
        queue = self._stream.queue_name(subscriber)
        with self._connected() as connection:
            try:
                return int(connection.default_channel.queue_declare(queue, passive=True)[1]) == 0
            except ChannelError:
                return True

    def inspect(self, subscriber: Subscriber[Any, Any]) -> QueueState:
        """Return the state of the queue; none is made. Takes about 5 s at most.

        Raises EventstreamUnavailable.
        """
        with self._connected() as connection:
            return queue_state(connection, self._stream, self._stream.queue_for(subscriber))

    def delete(self, subscriber: Subscriber[Any, Any]) -> None:
        """Delete the queue with its bindings and messages, if it exists. Takes about 5 s at most.

        Raises EventstreamUnavailable.
        """
        with self._connected() as connection:
            queue = self._stream.queue_for(subscriber)(connection.default_channel)
            if connection.transport.driver_type != "amqp":
                queue.declare()  # kombu's virtual brokers delete the bindings that they declared
            queue.delete()

    def empty(self, subscriber: Subscriber[Any, Any]) -> None:
        """Delete all messages for the subscriber, and declare its queue. Takes about 10 s at most.

        On Redis this includes what the workers of all subscribers of the stream had at hand when
        they were killed: it is not told whose it was. Raises QueueRefused, EventstreamUnavailable.
        """
        self.delete(subscriber)
        with self._connected() as connection:
            forget_unacknowledged(connection.default_channel, self._stream.exchange)
        self.declare(subscriber)

    @contextmanager
    def _connected(self) -> Iterator[Any]:
        """Yield a connection, cut after 5 s. Raises EventstreamUnavailable for any error."""
        connection: Any = self._app.connection_for_write()
        try:
            with deadline(_TIMEOUT, connection.collect):
                connect(connection)
                yield connection
        except Exception as exc:
            raise EventstreamUnavailable(f"the broker does not say: {reason_of(exc)}") from exc
        finally:
            connection.collect()
