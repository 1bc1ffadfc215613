"""Looking at the subscribers' queues, without taking anything from them."""

from typing import Any

from amqp.exceptions import NotFound
from celery import Celery
from kombu.exceptions import ChannelError

from reading_club.adapters.eventstream.publisher.cutting import cut_off
from reading_club.adapters.eventstream.topology import queue_called
from reading_club.service.errors import EventstreamUnavailable

_PATIENCE = 5.0


class SubscriberQueues:
    """The queues of the subscribers, on the broker of the app. It connects for each look."""

    def __init__(self, app: Celery) -> None:
        self._app = app

    def is_empty(self, subscriber: str) -> bool:
        """Whether no message waits there, or the queue is not there. Takes seconds at most.

        Raises EventstreamUnavailable.
        """
        try:
            return self._waiting(queue_called(subscriber)) == 0
        except Exception as exc:
            raise EventstreamUnavailable(f"the broker does not say: {type(exc).__name__}") from exc

    def _waiting(self, queue: str) -> int:
        connection: Any = self._app.connection_for_write()
        try:
            with cut_off(_PATIENCE, connection.collect):
                connection.ensure_connection(max_retries=0)
                return int(connection.default_channel.queue_declare(queue, passive=True)[1])
        except (NotFound, ChannelError):
            return 0
        finally:
            connection.collect()
