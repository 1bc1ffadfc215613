"""Batching in the worker: waiting messages are handled together, without a task for each."""

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from celery.exceptions import Reject
from kombu import Message

from reading_club.eventstream.context import DeliveredEnvelope

logger = logging.getLogger(__name__)

ARRIVED: Final = "arrived"
"""Header that a worker sets: the monotonic time at which it received the message."""

LARGEST_BATCH: Final = 100


class Batcher:
    """Collects messages while a batch runs in the pool; they become the next batch.

    An idle worker handles a message at once, as a batch of one. After a batch it rests for ``rest``
    seconds, so that messages gather, unless a full batch waits. ``receive`` handles the events of a
    batch, and ``receive_alone`` each of them if ``receive`` returns False; both take the monotonic
    time at which the oldest message ``arrived``. Messages are acknowledged in the worker's own
    thread, as in Celery. ``worker`` is an ``EventConsumer``. ``before_requeue`` gets each batch
    that a stop rolled back, in a thread of the pool.
    """

    def __init__(
        self,
        worker: Any,
        receive: Callable[..., bool | None],
        receive_alone: Callable[..., None],
        *,
        largest: int = LARGEST_BATCH,
        rest: float = 0.0,
        before_requeue: Callable[[Sequence[Message]], None] = lambda _: None,
    ) -> None:
        self._worker = worker
        self._receive = receive
        self._receive_alone = receive_alone
        self._largest = largest
        self._rest = rest
        self._before_requeue = before_requeue
        self._is_held = self._is_resting = False
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

    def hold(self) -> None:
        """Begin no further batch until ``release``: messages wait."""
        with self._lock:
            self._is_held = True

    def release(self) -> None:
        """Begin batches again, the next one at once."""
        with self._lock:
            self._is_held = False
            self._start_next()

    def take_waiting(self) -> Sequence[Message]:
        """Return the messages that wait for the next batch, and forget them."""
        with self._lock:
            waiting = list(self._waiting)
            self._waiting.clear()
        return waiting

    def start_alone(self, message: Message, work: Callable[[], bool | None]) -> None:
        """Run the work beside the batches, and then acknowledge the message.

        If the work raises, the message is requeued.
        """
        self._worker.run_in_pool(self._run, [message], work)

    def _start_next(self) -> None:
        if self._is_held or self._running is not None or not self._waiting:
            return
        if self._is_resting and len(self._waiting) < self._largest:
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
            fields = {"events": len(messages)}
            logger.debug("the worker is stopping: a batch goes back to its queue", extra=fields)
            if messages is self._running:
                self._before_requeue(messages)
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
                self._begin_rest()
            self._start_next()
        if failures:
            raise failures[0]

    def _begin_rest(self) -> None:
        if self._rest > 0.0 and len(self._waiting) < self._largest:
            self._is_resting = True
            self._worker.call_later(self._rest, self._end_rest)

    def _end_rest(self) -> None:
        with self._lock:
            self._is_resting = False
            self._start_next()

    def _split(self, message: Message) -> None:
        arrived = message.headers[ARRIVED]
        self.start_alone(message, partial(self._receive_alone, _event(message), arrived=arrived))

    def _acknowledge(self, message: Message) -> None:
        message.ack_log_error(logger, self._worker.connection_errors)

    def _requeue(self, message: Message) -> None:
        self._worker.requeue(message)


def _event(message: Message) -> object:
    """Return the envelope in a message, with the headers."""
    event: object = message.payload[1]["message"]
    if not isinstance(event, dict):
        return event
    return DeliveredEnvelope(event, message.headers)
