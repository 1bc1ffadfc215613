"""The worker's consumer: batches events, and makes dead letters of malformed messages."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from kombu import Message

from reading_club.adapters.eventstream._celery_worker import WorkerConsumer
from reading_club.adapters.eventstream._kombu_redis import release_prefetch_on_ack_failure
from reading_club.adapters.eventstream.topology import SEND_MESSAGE
from reading_club.adapters.eventstream.worker.batching import Batcher
from reading_club.adapters.eventstream.worker.malformed import (
    ARRIVED,
    is_batchable,
    is_suspected,
    validate_task_message,
    wrapped,
)


class EventConsumer(WorkerConsumer):
    """Passes each message to the pool: in a batch, as a task, or wrapped if it is malformed.

    If the pool does not accept the wrapped message either, the worker ends, and another worker gets
    the message. A list entry on Redis that kombu cannot parse, because no publisher pushed it, ends
    the worker before this class receives it.
    """

    _batchers: Mapping[bool, Batcher] = {}

    def start_consuming(self, handle: Callable[[Message], object]) -> None:
        """Drop the waiting messages of an earlier connection: the broker redelivers them."""
        for batcher in self._batchers.values():
            batcher.abandon()
        self._handle = handle
        self._batchers = self._new_batchers(handle)

    def receive(self, message: Message) -> None:
        """Add an event to a batch, let Celery start any other task, or refuse the message."""
        release_prefetch_on_ack_failure(message)
        try:
            validate_task_message(message)
            headers: dict[str, Any] = message.headers
            headers[ARRIVED] = time.monotonic()
            batcher = self._batchers.get(is_suspected(message.delivery_info, headers))
            if batcher is None or not is_batchable(message):
                self._handle(message)
            else:
                batcher.add(message)
        except Exception as exc:  # noqa: BLE001  # any error concerns this message alone
            self._set_aside(message, exc)

    def refuse(self, message: Message, error: Exception) -> None:
        """Make a dead letter of a message that kombu or Celery cannot read."""
        release_prefetch_on_ack_failure(message)
        self._set_aside(message, error)

    def _set_aside(self, message: Message, error: Exception) -> None:
        """Let a task make a dead letter of the message, and then acknowledge or requeue it."""
        self.start_task(SEND_MESSAGE, wrapped(message, error), message)

    def _new_batchers(self, handle: Callable[[Message], object]) -> Mapping[bool, Batcher]:
        """Return the batchers of first deliveries (False) and of suspected messages (True).

        Suspected messages are handled one at a time, in a thread beside the batches. A task that
        is not an ``EventTask`` has no batches.
        """
        worker: Any = self  # the stubs are incomplete
        task = worker.app.tasks.get(SEND_MESSAGE)
        receive = getattr(task, "receive_batch", None)
        if receive is None:
            return {}
        return {
            False: Batcher(worker, receive, handle),
            True: Batcher(worker, task.receive_suspected, handle, largest=1),
        }
