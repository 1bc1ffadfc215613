"""The worker's consumer: batches events, and makes dead letters of malformed messages."""

import contextlib
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, ClassVar, Final

from celery.worker.consumer import Consumer
from celery.worker.state import maybe_shutdown
from kombu import Message

from reading_club.adapters.eventstream.publisher.deadline import deadline
from reading_club.adapters.eventstream.topology import SEND_MESSAGE
from reading_club.adapters.eventstream.worker.batching import Batcher
from reading_club.adapters.eventstream.worker.malformed import (
    ARRIVED,
    is_batchable,
    is_suspected,
    validate_task_message,
    wrapped,
)
from reading_club.adapters.eventstream.worker.redis_ack import release_prefetch_on_ack_failure
from reading_club.eventstream.outbox.backoff import Backoff

_GOODBYE: Final = 5.0
"""Seconds that a stopping worker waits for the broker."""


_LONGEST_PAUSE: Final = 30.0
"""Longest pause, in seconds, between two attempts to connect to a broker."""

_LOOK: Final = 0.2
"""Seconds between two checks for a stop during such a pause."""


class EventConsumer(Consumer):
    """Passes each message to the pool: in a batch, as a task, or wrapped if it is malformed.

    If the pool does not accept the wrapped message either, the worker ends, and another worker gets
    the message. A list entry on Redis that kombu cannot parse, because no publisher pushed it, ends
    the worker before this class receives it.
    """

    _batches: Sequence[Batcher] = ()
    _delays: Iterator[float] | None = None

    class Blueprint(Consumer.Blueprint):  # type: ignore[valid-type,misc]  # a class at run time
        """Celery's startup steps, without the one that declares 28 delay queues for quorum queues.

        Events have no ETA: delays are rows in our tables.
        """

        default_steps: ClassVar = {
            step
            for step in Consumer.Blueprint.default_steps
            if not str(step).endswith(":DelayedDelivery")
        }

    def create_task_handler(self, *args: Any, **kwargs: Any) -> Callable[[Message], object]:
        """Return the callback for received messages."""
        handle = super().create_task_handler(*args, **kwargs)
        self._delays = None  # connected: back-off starts over
        fresh, suspected = self._new_batches(handle) or (None, None)

        def on_task_received(message: Message) -> None:
            release_prefetch_on_ack_failure(message)
            try:
                validate_task_message(message)
                headers: dict[str, Any] = message.headers
                headers[ARRIVED] = time.monotonic()
                again = is_suspected(message.delivery_info, message.headers)
                batches = suspected if again else fresh
                if batches is None or not is_batchable(message):
                    handle(message)
                else:
                    batches.add(message)
            except Exception as exc:  # noqa: BLE001  # any error concerns this message alone
                self._set_aside(message, exc)

        return on_task_received

    def _new_batches(self, handle: Callable[[Message], object]) -> tuple[Batcher, Batcher] | None:
        """Return the batching of first deliveries, and that of suspected messages.

        Suspected messages are handled one at a time, in a thread beside the batches. Returns None
        if the pool runs in other processes.
        """
        worker: Any = self  # the stubs are incomplete
        for batches in self._batches:
            batches.abandon()
        task = worker.app.tasks.get(SEND_MESSAGE)
        receive = getattr(task, "receive_together", None)
        if receive is None or not getattr(worker.pool, "body_can_be_buffer", False):
            return None
        fresh = Batcher(worker, receive, handle)
        suspected = Batcher(worker, task.receive_suspected, handle, largest=1)
        self._batches = fresh, suspected
        return fresh, suspected

    def on_connection_error_before_connected(self, exc: Exception) -> None:
        """Pause before the next log-in, longer each time, such as after a refused one."""
        super().on_connection_error_before_connected(exc)
        self._pause()

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        """Pause before reconnecting, longer each time until the worker consumes again."""
        super().on_connection_error_after_connected(exc)
        self._pause()

    def _pause(self) -> None:
        """Wait for the next attempt to connect. Raises Celery's shutdown errors on a stop."""
        if self._delays is None:
            self._delays = Backoff(cap=_LONGEST_PAUSE).delays()
        until = time.monotonic() + next(self._delays)
        while (left := until - time.monotonic()) > 0:
            maybe_shutdown()
            time.sleep(min(left, _LOOK))

    def on_decode_error(self, message: Message, exc: Exception) -> None:
        """Make a dead letter of a message that kombu or Celery cannot decode."""
        release_prefetch_on_ack_failure(message)
        self._set_aside(message, exc)

    def on_invalid_task(self, body: object, message: Message, exc: Exception) -> None:  # noqa: ARG002
        """Make a dead letter of a message that Celery refuses."""
        self._set_aside(message, exc)

    def stop(self) -> None:
        """Stop consuming; wait 5 s at most for the broker."""
        with self._bounded():
            super().stop()

    def shutdown(self) -> None:
        """Close the connection; wait 5 s at most for the broker."""
        with self._bounded():
            super().shutdown()

    @contextlib.contextmanager
    def _bounded(self) -> Iterator[None]:
        """Cut an AMQP connection after 5 s; the broker redelivers unacknowledged messages."""
        with contextlib.suppress(TimeoutError), deadline(_GOODBYE, self._cut):
            yield

    def _cut(self) -> None:
        worker: Any = self  # the stubs are incomplete
        connection = worker.connection
        if connection is not None and connection.connected:
            sock = getattr(connection.connection, "sock", None)
            if sock is not None:
                with contextlib.suppress(OSError):  # already closed
                    socket.socket.shutdown(sock, socket.SHUT_RDWR)

    def _set_aside(self, message: Message, error: Exception) -> None:
        """Let a task make a dead letter of the message, and then acknowledge or requeue it."""
        worker: Any = self  # the stubs are incomplete
        ack = partial(worker.call_soon_ack, message.ack_log_error)
        reject = partial(worker.call_soon_ack, message.reject_log_error)
        task = wrapped(message, error)
        worker.strategies[SEND_MESSAGE](task, None, ack, reject, worker.on_task_message)
