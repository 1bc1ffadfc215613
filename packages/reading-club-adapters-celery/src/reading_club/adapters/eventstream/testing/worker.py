"""A worker's receiving end on a queue in memory."""

from collections.abc import Mapping
from typing import Any

from celery import Celery


class InMemoryWorker:
    """Takes each message as soon as it is put on the queue, and runs its task at once.

    ``app`` is a worker's app on ``memory://`` whose task is registered; it becomes the current
    app of this thread, as it does when a worker starts.
    """

    def __init__(self, app: Celery) -> None:
        app.set_current()
        anything: Any = app  # the stubs know neither a worker's parts nor a channel in memory
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
        """Put a message on the queue, and take it from there."""
        self._connection.Producer().publish(
            body, routing_key=self._queue, headers=dict(headers), **options
        )
        self._connection.drain_events(timeout=1)

    @property
    def unacknowledged(self) -> int:
        """How many messages were received, and neither acknowledged nor given back."""
        qos = self._tasks.channel.qos
        return len(qos._delivered) - len(qos._dirty)

    @property
    def waiting(self) -> int:
        """How many messages are on the queue."""
        return int(self._tasks.channel._size(self._queue))

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
