"""Batching in the worker: waiting messages are handled together, without a task for each."""

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from celery.exceptions import Reject
from kombu import Message

from reading_club.adapters.eventstream.worker.malformed import ARRIVED

logger = logging.getLogger(__name__)

LARGEST_BATCH: Final = 100


class ReceiveBatch(Protocol):
    """Handles a batch; returns False if its messages have to be handled one by one."""

    def __call__(self, messages: Sequence[object], /, *, arrived: float) -> bool:
        """``arrived`` is the oldest message's monotonic time. Raise Reject to requeue the batch."""
        ...


class Batcher:
    """Collects messages while a batch runs in the pool; they become the next batch.

    An idle worker handles a message at once, as a batch of one. A batch that fails is split: each
    of its messages becomes a Celery task. Messages are acknowledged in the worker's own thread, as
    in Celery. ``worker`` is a ``WorkerConsumer``.
    """

    def __init__(
        self,
        worker: Any,
        receive: ReceiveBatch,
        handle: Callable[[Message], object],
        *,
        largest: int = LARGEST_BATCH,
    ) -> None:
        self._worker = worker
        self._receive = receive
        self._handle = handle
        self._largest = largest
        self._waiting: deque[Message] = deque()
        self._busy = False
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

    def _start_next(self) -> None:
        if self._busy or not self._waiting:
            return
        self._busy = True
        count = min(self._largest, len(self._waiting))
        batch = [self._waiting.popleft() for _ in range(count)]
        self._worker.run_in_pool(self._run, batch)

    def _run(self, batch: Sequence[Message]) -> None:
        """Handle a batch, in a thread of the pool."""
        finish: Callable[[Message], object] = self._requeue
        try:
            events = [message.payload[1]["message"] for message in batch]
            arrived = min(float(message.headers[ARRIVED]) for message in batch)
            is_done = self._receive(events, arrived=arrived)
            finish = self._acknowledge if is_done else self._handle
        except Reject:
            logger.debug("the worker is stopping: a batch goes back to its queue")
        finally:
            self._worker.call_soon_ack(self._finish, batch, finish)

    def _finish(self, batch: Sequence[Message], finish: Callable[[Message], object]) -> None:
        """Finish each message, start the next batch, and raise the first error."""
        with self._lock:
            failures = [exc for message in batch if (exc := _failure(finish, message)) is not None]
            self._busy = False
            self._start_next()
        if failures:
            raise failures[0]

    def _acknowledge(self, message: Message) -> None:
        message.ack_log_error(logger, self._worker.connection_errors)

    def _requeue(self, message: Message) -> None:
        message.reject_log_error(logger, self._worker.connection_errors, requeue=True)


def _failure(finish: Callable[[Message], object], message: Message) -> Exception | None:
    try:
        finish(message)
    except Exception as exc:  # noqa: BLE001  # raised after all messages are finished
        return exc
    return None
