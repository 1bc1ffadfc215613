"""A Celery worker's consumer on an in-memory queue."""

from collections.abc import Mapping
from typing import Any

from celery import Celery


class InMemoryWorker:
    """Receives each message as soon as it is published, and runs its task at once.

    ``app`` is a worker's app on ``memory://`` whose task is registered; it becomes the current app
    of this thread, as it does when a worker starts.
    """

    def __init__(self, app: Celery) -> None:
        app.set_current()
        anything: Any = app  # the stubs lack a worker's parts, and channels in memory
        self._queue: str = anything.conf.task_default_queue
        self._connection: Any = app.connection_for_read()
        receiver = anything.WorkController(pool_cls="solo").consumer
        receiver.update_strategies()
        self._tasks = anything.amqp.TaskConsumer(
            self._connection, on_decode_error=receiver.on_decode_error
        )
        self._tasks.on_message = receiver.create_task_handler()
        self._tasks.consume()

    def receive(self, body: object, headers: Mapping[str, Any], **options: str) -> None:
        """Publish a message to the queue, and receive it."""
        self._connection.Producer().publish(
            body, routing_key=self._queue, headers=dict(headers), **options
        )
        self._connection.drain_events(timeout=1)

    @property
    def unacknowledged(self) -> int:
        """Number of received messages that are neither acknowledged nor requeued."""
        qos = self._tasks.channel.qos
        return len(qos._delivered) - len(qos._dirty)

    @property
    def waiting(self) -> int:
        """Number of messages on the queue."""
        return int(self._tasks.channel._size(self._queue))

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
