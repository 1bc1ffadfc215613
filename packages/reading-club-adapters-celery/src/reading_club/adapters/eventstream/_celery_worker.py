"""Celery's worker, with hooks for received messages, a bounded stop and growing pauses.

Internals of celery 5.7.0 that this file uses, each with the test that fails if it changes:

- ``Consumer.Blueprint.default_steps``: the startup steps by name.
  ``test_a_worker_makes_no_queues_for_delays``, ``test_all_other_startup_steps_are_kept``
- ``create_task_handler``, called for each connection, returns the callback for messages, and
  ``on_decode_error`` takes what kombu cannot read.
  ``test_a_malformed_message_becomes_a_dead_letter``
- ``call_soon``, ``call_soon_ack``, ``hub.timer`` or ``timer`` without a hub, and
  ``pool.apply_async``: run in the worker's own thread, and in its pool.
  ``test_celery_has_what_batches_need``, ``test_an_event_loop_calls_later_by_its_own_timer``,
  ``test_celery_has_what_a_rest_needs``, ``test_a_pause_is_applied_in_the_workers_thread``
- ``on_connection_error_before_connected`` and ``…_after_connected``, called before the next
  attempt, ``state.maybe_shutdown``, which raises on a stop, and ``ensure_connected``.
  ``test_celery_asks_for_a_pause_before_it_connects_again``
- ``on_ready``, called for each connection with ``init_callback`` set at the first, and
  ``hub.call_repeatedly``. ``test_an_event_loop_wakes_each_second``
- ``task_consumer``, kombu's consumer of a connection, made before ``create_task_handler`` is called
  and started after it. ``test_a_paused_worker_consumes_nothing_from_its_start``
- ``stop``, ``shutdown`` and ``connection``: end the consumer's blueprint on its connection.
  ``test_a_broker_that_does_not_answer_is_not_waited_for``
"""

import contextlib
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, ClassVar, Final

from celery.worker.consumer import Consumer
from celery.worker.state import maybe_shutdown
from kombu import Message

from reading_club.adapters.eventstream._kombu_connection import ReportingConnection
from reading_club.adapters.eventstream._kombu_redis import (
    await_the_last_reply,
    receiving_the_last_reply,
    tag_each_delivery,
)
from reading_club.adapters.eventstream._pyamqp import shut_down, socket_of
from reading_club.adapters.eventstream.broker_errors import deadline
from reading_club.eventstream.outbox.backoff import Backoff

_STOP_TIMEOUT: Final = 5.0
"""Seconds that a stopping worker waits for the broker."""
_LONGEST_PAUSE: Final = 30.0
"""Longest pause, in seconds, between two attempts to connect to a broker."""
_STOP_CHECK_INTERVAL: Final = 0.2  # seconds between two checks for a stop in such a pause
_WAKE_INTERVAL: Final = 1.0  # seconds: else a stop on AMQP would wait up to 20 s


class WorkerConsumer(Consumer, ABC):
    """Celery's consumer, which passes each received message to ``receive`` or ``refuse``."""

    hub: Any
    timer: Any
    task_consumer: Any = None
    _cancelled: Any = ()
    """The queues of this connection while nothing is consumed."""
    _delays: Iterator[float] | None = None

    class Blueprint(Consumer.Blueprint):  # type: ignore[valid-type,misc]  # a class at run time
        """Celery's startup steps without its 28 queues for delays, which are rows of our tables."""

        default_steps: ClassVar = {
            step
            for step in Consumer.Blueprint.default_steps
            if not str(step).endswith(":DelayedDelivery")
        }

    @abstractmethod
    def start_consuming(self) -> None:
        """Take note of a new connection."""

    @abstractmethod
    def stopped_consuming(self, *, broker_answers: bool) -> None:
        """Take note that the worker stops, and receives no more messages. Raise nothing."""

    @abstractmethod
    def connection_lost(self) -> None:
        """Take note of the end of a connection that consumed. Raise nothing."""

    @abstractmethod
    def receive(self, message: Message) -> None:
        """Handle a message; called in the worker's own thread. Raise nothing."""

    @abstractmethod
    def refuse(self, message: Message, error: Exception) -> None:
        """Handle a message that kombu cannot read. Raise nothing."""

    @abstractmethod
    def on_turn(self) -> None:
        """Note that this thread goes on: each second, also in a pause before a new connection."""

    def create_task_handler(self, *_: Any, **__: Any) -> Callable[[Message], object]:
        """Return the callback for received messages, instead of Celery's, which starts tasks."""
        self._delays, self._cancelled = None, ()  # connected: back-off starts over
        if self.task_consumer is not None:
            tag_each_delivery(self.task_consumer.channel)
        self.start_consuming()
        return self.receive

    def on_decode_error(self, message: Message, exc: Exception) -> None:
        """Refuse a message that kombu cannot decode."""
        self.refuse(message, exc)

    def consume_nothing(self) -> None:
        """Cancel the consumer, or keep Celery from starting it; in the worker's own thread.

        Received messages stay, and the queue stays declared. Raises BrokerTooSlow after 5 s, an
        error of the connection, and the driver's errors.
        """
        consumer = self.task_consumer
        if consumer is None or self._cancelled:
            return
        self._cancelled, consumer.queues = consumer.queues, []
        last = receiving_the_last_reply(consumer.channel, self.app.conf.task_default_queue)
        with deadline(_STOP_TIMEOUT, self._cut), last:
            consumer.cancel()

    def consume_again(self) -> None:
        """Start the consumer that was cancelled; raises as ``consume_nothing`` does."""
        if self._cancelled:
            self.task_consumer.queues, self._cancelled = self._cancelled, ()
            with deadline(_STOP_TIMEOUT, self._cut):
                self.task_consumer.consume()

    def run_in_pool(self, work: Callable[..., object], *args: object) -> None:
        """Run the work in a thread of the pool, and ignore its result."""
        self.pool.apply_async(work, args, callback=_nothing)

    def call_later(self, seconds: float, callback: Callable[[], object]) -> None:
        """Call the callback in the worker's own thread; on a broker in memory, in another."""
        timer = self.timer if self.hub is None else self.hub.timer
        timer.call_after(seconds, callback)

    def on_ready(self) -> None:
        """Tell Celery that the worker consumes, and wake a first event loop each second."""
        is_first = self.init_callback is not None
        super().on_ready()
        if is_first and self.hub is not None:
            self.hub.call_repeatedly(_WAKE_INTERVAL, self.on_turn)

    def on_connection_error_before_connected(self, exc: Exception) -> None:
        """Pause before the next log-in, longer each time, such as after a refused one."""
        super().on_connection_error_before_connected(exc)
        self._pause()

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        """Pause before reconnecting, longer each time until the worker consumes again."""
        self.connection_lost()
        super().on_connection_error_after_connected(exc)
        self._pause()

    def _pause(self) -> None:
        """Wait for the next attempt to connect. Raises Celery's shutdown errors on a stop."""
        if self._delays is None:
            self._delays = Backoff(cap=_LONGEST_PAUSE).delays()
        until = time.monotonic() + next(self._delays)
        while (left := until - time.monotonic()) > 0:
            self._report_turn()
            time.sleep(min(left, _STOP_CHECK_INTERVAL))

    def _report_turn(self) -> None:
        """Report a turn of an event loop's thread. Raises Celery's shutdown errors on a stop."""
        maybe_shutdown()
        if self.hub is not None:
            self.on_turn()

    def ensure_connected(self, conn: Any) -> Any:
        """Return a connection; while the broker is away, each second is reported as a turn."""
        reporting: Any = ReportingConnection(conn, self._report_turn)
        return super().ensure_connected(reporting)

    def stop(self) -> None:
        """Stop consuming; wait 5 s at most for the broker."""
        broker_answers = False
        with self._bounded(), contextlib.suppress(Exception):
            self.consume_nothing()
            if self.task_consumer is not None:
                await_the_last_reply(self.task_consumer.channel)
            broker_answers = True
        stopped = partial(self.stopped_consuming, broker_answers=broker_answers)
        for step in (super().stop, stopped):
            with self._bounded():
                step()

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
