"""Messages that come together are handled together: the worker's way around a task for each."""

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from celery.exceptions import Reject
from kombu import Message

from reading_club.adapters.eventstream.garbage import ARRIVED

logger = logging.getLogger(__name__)

LARGEST_BATCH: Final = 100


class Receive(Protocol):
    """Returns whether messages that arrived then or later have taken effect together."""

    def __call__(self, messages: Sequence[object], /, *, arrived: float) -> bool:
        """Raise Reject for messages that are to go back to their queue."""
        ...


class Batches:
    """Collects messages while a batch is under way, and makes the next one of them.

    A message that comes to an idle worker is a batch of its own, at once: nothing waits for
    company. A batch of which one message fails is taken apart: each goes the way of a task.
    Acknowledgements are the business of the worker's own thread, as Celery has it.
    """

    def __init__(
        self,
        worker: Any,
        receive: Receive,
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
        """Take a message; it is acknowledged when it has taken effect."""
        with self._lock:
            self._waiting.append(message)
            self._next()

    def abandon(self) -> None:
        """Forget what waits: its connection is lost, and the broker delivers it again."""
        with self._lock:
            self._waiting.clear()

    def _next(self) -> None:
        if self._busy or not self._waiting:
            return
        self._busy = True
        count = min(self._largest, len(self._waiting))
        batch = [self._waiting.popleft() for _ in range(count)]
        self._worker.pool.apply_async(self._run, (batch,), callback=_nothing)

    def _run(self, batch: Sequence[Message]) -> None:
        """Handle a batch, in a thread of the pool."""
        finish: Callable[[Message], object] = self._give_back
        try:
            events = [message.payload[1]["message"] for message in batch]
            arrived = min(float(message.headers[ARRIVED]) for message in batch)
            together = self._receive(events, arrived=arrived)
            finish = self._acknowledge if together else self._handle
        except Reject:
            logger.debug("the worker is stopping: a batch goes back to its queue")
        finally:
            self._worker.call_soon_ack(self._settle, batch, finish)

    def _settle(self, batch: Sequence[Message], finish: Callable[[Message], object]) -> None:
        """Finish each message, also if the broker has gone meanwhile, and go on."""
        with self._lock:
            failures = [exc for message in batch if (exc := _failure(finish, message)) is not None]
            self._busy = False
            self._next()
        if failures:
            raise failures[0]

    def _acknowledge(self, message: Message) -> None:
        message.ack_log_error(logger, self._worker.connection_errors)

    def _give_back(self, message: Message) -> None:
        message.reject_log_error(logger, self._worker.connection_errors, requeue=True)


def _nothing(_: object) -> None:
    """Do nothing with what a pool reports: what is to be done has been scheduled."""


def _failure(finish: Callable[[Message], object], message: Message) -> Exception | None:
    try:
        finish(message)
    except Exception as exc:  # noqa: BLE001  # it is raised when all messages had their turn
        return exc
    return None
