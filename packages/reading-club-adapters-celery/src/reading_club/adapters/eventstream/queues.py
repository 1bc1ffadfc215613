"""Declares the subscribers' queues, and checks them without consuming."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from celery import Celery
from kombu.exceptions import ChannelError

from reading_club.adapters.eventstream.declaration import declare
from reading_club.adapters.eventstream.failure_reasons import reason_of
from reading_club.adapters.eventstream.publisher.deadline import deadline
from reading_club.adapters.eventstream.topology import queue_for, queue_name
from reading_club.eventstream.errors import EventstreamUnavailable, QueueRefused
from reading_club.eventstream.subscriber import Subscriber

_PATIENCE = 5.0


class SubscriberQueues:
    """The subscribers' queues on the app's broker; each call opens a connection."""

    def __init__(self, app: Celery) -> None:
        self._app = app

    def declare(self, subscriber: Subscriber[Any]) -> None:
        """Declare the queue and its bindings, where missing. Takes about 5 s at most.

        Raises QueueRefused, and EventstreamUnavailable.
        """
        with self._connected() as connection:
            refusals = declare(connection, [queue_for(subscriber)])
        for reason in refusals.values():
            raise QueueRefused(reason)

    def is_empty(self, subscriber: str) -> bool:
        """Whether the queue has no messages or does not exist. Takes about 5 s at most.

        Raises EventstreamUnavailable.
        """
        queue = queue_name(subscriber)
        with self._connected() as connection:
            try:
                return int(connection.default_channel.queue_declare(queue, passive=True)[1]) == 0
            except ChannelError:
                return True

    @contextmanager
    def _connected(self) -> Iterator[Any]:
        """Yield a connection, cut after 5 s. Raises EventstreamUnavailable for any error."""
        connection: Any = self._app.connection_for_write()
        try:
            with deadline(_PATIENCE, connection.collect):
                connection.ensure_connection(max_retries=0)
                yield connection
        except Exception as exc:
            raise EventstreamUnavailable(f"the broker does not say: {reason_of(exc)}") from exc
        finally:
            connection.collect()
