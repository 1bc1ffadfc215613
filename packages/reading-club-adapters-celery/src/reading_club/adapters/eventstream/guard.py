"""The part of a Celery worker that receives: it lets no message end the worker or disappear."""

import contextlib
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, ClassVar, Final

from celery.worker.consumer import Consumer
from celery.worker.state import maybe_shutdown
from kombu import Message

from reading_club.adapters.eventstream.batches import Batches
from reading_club.adapters.eventstream.garbage import (
    ARRIVED,
    is_event,
    is_suspected,
    require_call,
    wrapped,
)
from reading_club.adapters.eventstream.hands import let_go_in_any_case
from reading_club.adapters.eventstream.publisher.cutting import cut_off
from reading_club.adapters.eventstream.topology import SEND_MESSAGE
from reading_club.service.backoff import Backoff

_GOODBYE: Final = 5.0
"""Seconds in which a broker has to answer when a worker stops."""


_LONGEST_PAUSE: Final = 30.0
"""Seconds between two attempts to connect to a broker that refuses the worker."""

_LOOK: Final = 0.2
"""Seconds after which a worker that pauses looks whether it is asked to stop."""


class GuardedConsumer(Consumer):
    """Hands every message to the pool: in a batch, alone, or wrapped if it cannot be a task's.

    Where the pool cannot even take the wrapped message the worker ends, and the message goes
    to another one. What kombu's Redis transport cannot parse, because no publisher pushed it
    to the list, never comes here: it ends the worker.
    """

    _batches: Sequence[Batches] = ()
    _delays: Iterator[float] | None = None

    class Blueprint(Consumer.Blueprint):  # type: ignore[valid-type,misc]  # a class, in truth
        """Celery's, without the step that makes 28 queues for delays as soon as one is quorum.

        An event has no time to come. What it waits for is written in our tables.
        """

        default_steps: ClassVar = {
            step
            for step in Consumer.Blueprint.default_steps
            if not str(step).endswith(":DelayedDelivery")
        }

    def create_task_handler(self, *args: Any, **kwargs: Any) -> Callable[[Message], object]:
        """Return what is called with each message."""
        handle = super().create_task_handler(*args, **kwargs)
        self._delays = None  # it is connected
        fresh, suspected = self._new_batches(handle) or (None, None)

        def on_task_received(message: Message) -> None:
            let_go_in_any_case(message)
            try:
                require_call(message)
                headers: dict[str, Any] = message.headers
                headers[ARRIVED] = time.monotonic()
                again = is_suspected(message.delivery_info, message.headers)
                batches = suspected if again else fresh
                if batches is None or not is_event(message):
                    handle(message)
                else:
                    batches.add(message)
            except Exception as exc:  # noqa: BLE001  # whatever it is, it concerns this message
                self._set_aside(message, exc)

        return on_task_received

    def _new_batches(self, handle: Callable[[Message], object]) -> tuple[Batches, Batches] | None:
        """Return where fresh events are collected, and those that may have killed a worker.

        The latter are tried one at a time, in a thread beside the former. There are none if the
        pool is not part of this process.
        """
        worker: Any = self  # the stubs know little of it
        for batches in self._batches:
            batches.abandon()
        task = worker.app.tasks.get(SEND_MESSAGE)
        receive = getattr(task, "receive_together", None)
        if receive is None or not getattr(worker.pool, "body_can_be_buffer", False):
            return None
        fresh = Batches(worker, receive, handle)
        suspected = Batches(worker, task.receive_suspected, handle, largest=1)
        self._batches = fresh, suspected
        return fresh, suspected

    def on_connection_error_before_connected(self, exc: Exception) -> None:
        """Pause, longer each time: a broker that refuses the log-in is not asked without end."""
        super().on_connection_error_before_connected(exc)
        self._pause()

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        """Pause in the same way, until messages can be received."""
        super().on_connection_error_after_connected(exc)
        self._pause()

    def _pause(self) -> None:
        """Wait for the next attempt to connect; a worker that is asked to stop does so."""
        if self._delays is None:
            self._delays = Backoff(cap=_LONGEST_PAUSE).delays()
        until = time.monotonic() + next(self._delays)
        while (left := until - time.monotonic()) > 0:
            maybe_shutdown()
            time.sleep(min(left, _LOOK))

    def on_decode_error(self, message: Message, exc: Exception) -> None:
        """Set aside what kombu cannot decompress, or Celery cannot decode."""
        let_go_in_any_case(message)
        self._set_aside(message, exc)

    def on_invalid_task(self, body: object, message: Message, exc: Exception) -> None:  # noqa: ARG002
        """Set aside what Celery refuses."""
        self._set_aside(message, exc)

    def stop(self) -> None:
        """Take no more messages; a broker that does not answer is not waited for."""
        with self._bounded():
            super().stop()

    def shutdown(self) -> None:
        """Close the connection; a broker that does not answer is not waited for."""
        with self._bounded():
            super().shutdown()

    @contextlib.contextmanager
    def _bounded(self) -> Iterator[None]:
        """On AMQP nothing else bounds it. What is not acknowledged is delivered again."""
        with contextlib.suppress(TimeoutError), cut_off(_GOODBYE, self._cut):
            yield

    def _cut(self) -> None:
        worker: Any = self  # the stubs know little of it
        connection = worker.connection
        if connection is not None and connection.connected:
            sock = getattr(connection.connection, "sock", None)
            if sock is not None:
                with contextlib.suppress(OSError):  # it is closed
                    socket.socket.shutdown(sock, socket.SHUT_RDWR)

    def _set_aside(self, message: Message, error: Exception) -> None:
        """Let a task set the message aside, and acknowledge it or give it back afterwards."""
        worker: Any = self  # the stubs know little of it
        ack = partial(worker.call_soon_ack, message.ack_log_error)
        reject = partial(worker.call_soon_ack, message.reject_log_error)
        task = wrapped(message, error)
        worker.strategies[SEND_MESSAGE](task, None, ack, reject, worker.on_task_message)
