"""The worker's consumer: batches events, and makes dead letters of malformed messages."""

import logging
import time
from functools import partial
from typing import Any

from kombu import Message

from reading_club.adapters.eventstream._celery_worker import WorkerConsumer
from reading_club.adapters.eventstream._kombu_redis import (
    release_prefetch_on_ack_failure,
    requeued_to,
)
from reading_club.adapters.eventstream.stream_app import StreamApp, stream_of
from reading_club.adapters.eventstream.worker.batching import ARRIVED
from reading_club.adapters.eventstream.worker.consumption import Consumption
from reading_club.adapters.eventstream.worker.event_task import EventTask
from reading_club.adapters.eventstream.worker.malformed import described, validate_task_message

logger = logging.getLogger(__name__)


class EventConsumer(WorkerConsumer):
    """Passes each message to the pool, in a batch or alone: no Celery request is made of it.

    If the pool does not accept a malformed message, the worker ends, and another worker gets the
    message. A list entry on Redis that kombu cannot parse, because no publisher pushed it, ends
    the worker before this class receives it.
    """

    connection_errors: tuple[type[BaseException], ...]
    _consumption: Any = None
    """The ``Consumption`` of this connection; None before the first one."""

    def start_consuming(self) -> None:
        """Drop the waiting messages of an earlier connection, and consume unless paused."""
        if self._consumption is not None:
            self._consumption.abandon()
        self._task = stream_of(self.app).task
        task: Any = self.app.tasks[self._task]
        events: EventTask = task.event_task
        self._events = events
        events.metrics.connection_opened()
        self._consumption = Consumption(self, events)
        self._consumption.begin()

    def stopped_consuming(self, *, broker_answers: bool) -> None:
        """Return the waiting messages to the queue."""
        if self._consumption is not None:
            self._consumption.stop(broker_answers=broker_answers)

    def on_turn(self) -> None:
        """Report that the worker's own thread goes on."""
        if isinstance(self.app, StreamApp):
            self.app.on_turn()

    def connection_lost(self) -> None:
        """Count the lost connection, unless it ended before it consumed."""
        if self._consumption is not None:
            self._events.metrics.connection_lost()

    def receive(self, message: Message) -> None:
        """Add an event to a batch, or refuse the message."""
        try:
            validate_task_message(message, self._task)
            release_prefetch_on_ack_failure(message)
            headers: dict[str, Any] = message.headers
            headers[ARRIVED] = time.monotonic()
            self._consumption.add(message)
        except Exception as exc:  # noqa: BLE001  # any error concerns this message alone
            self.refuse(message, exc)

    def refuse(self, message: Message, error: Exception) -> None:
        """Let the pool make a dead letter, and then acknowledge or requeue the message."""
        release_prefetch_on_ack_failure(message)
        refuse = partial(self._events.refuse, described(message), error)
        self._consumption.start_alone(message, refuse)

    def requeue(self, message: Message) -> None:
        """Return a message to this worker's queue, or log that the broker is unavailable."""
        with requeued_to(self.app.conf.task_default_queue, message):
            message.reject_log_error(logger, self.connection_errors, requeue=True)
