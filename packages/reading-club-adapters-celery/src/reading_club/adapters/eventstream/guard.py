"""The part of a Celery worker that receives: it lets no message end the worker or disappear."""

import contextlib
import socket
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, ClassVar, Final

from celery.worker.consumer import Consumer
from kombu import Message

from reading_club.adapters.eventstream.batches import Batches
from reading_club.adapters.eventstream.garbage import is_fresh_event, require_call, wrapped
from reading_club.adapters.eventstream.hands import let_go_in_any_case
from reading_club.adapters.eventstream.publisher.cutting import cut_off
from reading_club.adapters.eventstream.topology import SEND_MESSAGE

_GOODBYE: Final = 5.0
"""Seconds in which a broker has to answer when a worker stops."""


class GuardedConsumer(Consumer):
    """Hands every message to the pool: in a batch, alone, or wrapped if it cannot be a task's.

    Where the pool cannot even take the wrapped message the worker ends, and the message goes
    to another one. What kombu's Redis transport cannot parse, because no publisher pushed it
    to the list, never comes here: it ends the worker.
    """

    _batches: Batches | None = None

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
        batches = self._new_batches(handle)

        def on_task_received(message: Message) -> None:
            let_go_in_any_case(message)
            try:
                require_call(message)
                if batches is None or not is_fresh_event(message):
                    handle(message)
                else:
                    batches.add(message)
            except Exception as exc:  # noqa: BLE001  # whatever it is, it concerns this message
                self._set_aside(message, exc)

        return on_task_received

    def _new_batches(self, handle: Callable[[Message], object]) -> Batches | None:
        """Return where fresh events are collected, if the pool is part of this process."""
        worker: Any = self  # the stubs know little of it
        if self._batches is not None:
            self._batches.abandon()
        receive = getattr(worker.app.tasks.get(SEND_MESSAGE), "receive_together", None)
        if receive is None or not getattr(worker.pool, "body_can_be_buffer", False):
            return None
        self._batches = Batches(worker, receive, handle)
        return self._batches

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
