"""Batching in the worker: waiting messages are handled together, without a task for each."""

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from celery.exceptions import Reject
from kombu import Message

logger = logging.getLogger(__name__)

ARRIVED: Final = "arrived"
"""Header that a worker sets: the monotonic time at which it received the message."""

LARGEST_BATCH: Final = 100


class Batcher:
    """Collects messages while a batch runs in the pool; they become the next batch.

    An idle worker handles a message at once, as a batch of one. ``receive`` handles the events of a
    batch, and ``receive_alone`` each of them if ``receive`` returns False; both take the monotonic
    time at which the oldest message ``arrived``. Messages are acknowledged in the worker's own
    thread, as in Celery. ``worker`` is a ``WorkerConsumer``.
    """

    def __init__(
        self,
        worker: Any,
        receive: Callable[..., bool | None],
        receive_alone: Callable[..., None],
        *,
        largest: int = LARGEST_BATCH,
    ) -> None:
        self._worker = worker
        self._receive = receive
        self._receive_alone = receive_alone
        self._largest = largest
        self._waiting: deque[Message] = deque()
        self._running: Sequence[Message] | None = None
        # Without an event loop, on a broker in memory, Celery acknowledges in the pool's thread.
        self._lock = threading.RLock()

    def add(self, message: Message) -> None:
        """Add a message to the next batch; it is acknowledged after its effect is committed."""
        with self._lock:
            self._waiting.append(message)
            self._start_next()

    def abandon(self) -> None:
        """Drop the waiting messages after a lost connection: the broker redelivers them."""
        with self._lock:
            self._waiting.clear()

    def start_alone(self, message: Message, work: Callable[[], bool | None]) -> None:
        """Run the work beside the batches, and then acknowledge the message.

        If the work raises, the message is requeued.
        """
        self._worker.run_in_pool(self._run, [message], work)

    def _start_next(self) -> None:
        if self._running is not None or not self._waiting:
            return
        count = min(self._largest, len(self._waiting))
        self._running = batch = [self._waiting.popleft() for _ in range(count)]
        arrived = min(message.headers[ARRIVED] for message in batch)
        work = partial(self._receive, list(map(_event, batch)), arrived=arrived)
        self._worker.run_in_pool(self._run, batch, work)

    def _run(self, messages: Sequence[Message], work: Callable[[], bool | None]) -> None:
        """Handle the messages, in a thread of the pool."""
        finish: Callable[[Message], object] = self._requeue
        try:
            finish = self._split if work() is False else self._acknowledge
        except Reject:
            logger.debug("the worker is stopping: a batch goes back to its queue")
        finally:
            self._worker.call_soon_ack(self._finish, messages, finish)

    def _finish(self, messages: Sequence[Message], finish: Callable[[Message], object]) -> None:
        """Finish each message, start the next batch, and raise the first error."""
        with self._lock:
            failures = []
            for message in messages:
                try:
                    finish(message)
                except Exception as exc:  # noqa: BLE001  # the other messages are finished first
                    failures.append(exc)
            if messages is self._running:
                self._running = None
            self._start_next()
        if failures:
            raise failures[0]

    def _split(self, message: Message) -> None:
        arrived = message.headers[ARRIVED]
        self.start_alone(message, partial(self._receive_alone, _event(message), arrived=arrived))

    def _acknowledge(self, message: Message) -> None:
        message.ack_log_error(logger, self._worker.connection_errors)

    def _requeue(self, message: Message) -> None:
        message.reject_log_error(logger, self._worker.connection_errors, requeue=True)


def _event(message: Message) -> object:
    return message.payload[1]["message"]
