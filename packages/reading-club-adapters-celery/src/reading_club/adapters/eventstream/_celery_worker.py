"""Celery's worker, with hooks for received messages, a bounded stop and growing pauses.

Celery has no setting for these. Internals of celery 5.7.0 that this file uses, each with the test
that fails if the internal changes:

- ``Consumer.Blueprint.default_steps``: the startup steps by name.
  ``test_a_worker_makes_no_queues_for_delays``, ``test_all_other_startup_steps_are_kept``
- ``create_task_handler``, called for each connection, returns the callback for messages, and
  ``on_decode_error`` takes what kombu cannot read.
  ``test_a_malformed_message_becomes_a_dead_letter``
- ``call_soon_ack`` and ``pool.apply_async``: run in the worker's own thread, and in its pool.
  ``test_celery_has_what_batches_need``
- ``on_connection_error_before_connected`` and ``…_after_connected``, called before the next
  attempt, and ``state.maybe_shutdown``, which raises on a stop.
  ``test_celery_asks_for_a_pause_before_it_connects_again``
- ``on_ready``, called for each connection with ``init_callback`` set at the first, and
  ``hub.call_repeatedly``. ``test_an_event_loop_wakes_each_second``
- ``stop``, ``shutdown`` and ``connection``: end the consumer's blueprint on its connection.
  ``test_a_broker_that_does_not_answer_is_not_waited_for``
"""

import contextlib
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, Final

from celery.worker.consumer import Consumer
from celery.worker.state import maybe_shutdown
from kombu import Message

from reading_club.adapters.eventstream._pyamqp import shut_down, socket_of
from reading_club.adapters.eventstream.broker_errors import deadline
from reading_club.eventstream.outbox.backoff import Backoff

_STOP_TIMEOUT: Final = 5.0
"""Seconds that a stopping worker waits for the broker."""
_LONGEST_PAUSE: Final = 30.0
"""Longest pause, in seconds, between two attempts to connect to a broker."""
_STOP_CHECK_INTERVAL: Final = 0.2
"""Seconds between two checks for a stop during such a pause."""
_WAKE_INTERVAL: Final = 1.0
"""Seconds after which an event loop wakes up: on AMQP a stop would wait up to 20 s."""


class WorkerConsumer(Consumer, ABC):
    """Celery's consumer, which passes each received message to ``receive`` or ``refuse``."""

    hub: Any
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

    @abstractmethod
    def start_consuming(self) -> None:
        """Take note of a new connection."""

    @abstractmethod
    def receive(self, message: Message) -> None:
        """Handle a message; called in the worker's own thread. Raise nothing."""

    @abstractmethod
    def refuse(self, message: Message, error: Exception) -> None:
        """Handle a message that kombu cannot read. Raise nothing."""

    def create_task_handler(self, *_: Any, **__: Any) -> Callable[[Message], object]:
        """Return the callback for received messages, instead of Celery's, which starts tasks."""
        self._delays = None  # connected: back-off starts over
        self.start_consuming()
        return self.receive

    def on_decode_error(self, message: Message, exc: Exception) -> None:
        """Refuse a message that kombu cannot decode."""
        self.refuse(message, exc)

    def run_in_pool(self, work: Callable[..., object], *args: object) -> None:
        """Run the work in a thread of the pool, and ignore its result."""
        self.pool.apply_async(work, args, callback=_nothing)

    def on_ready(self) -> None:
        """Tell Celery that the worker consumes, and wake a first event loop each second."""
        is_first = self.init_callback is not None
        super().on_ready()
        if is_first and self.hub is not None:
            self.hub.call_repeatedly(_WAKE_INTERVAL, _nothing)

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
            time.sleep(min(left, _STOP_CHECK_INTERVAL))

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
        with contextlib.suppress(TimeoutError), deadline(_STOP_TIMEOUT, self._cut):
            yield

    def _cut(self) -> None:
        if self.connection is not None and self.connection.connected:
            shut_down(socket_of(self.connection.connection))


def _nothing(*_: object) -> None:
    """Do nothing."""
