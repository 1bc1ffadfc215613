"""The worker's consumer: batches events, and makes dead letters of malformed messages."""

import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from kombu import Message

from reading_club.adapters.eventstream._celery_worker import WorkerConsumer
from reading_club.adapters.eventstream._kombu_redis import release_prefetch_on_ack_failure
from reading_club.adapters.eventstream.topology import SEND_MESSAGE
from reading_club.adapters.eventstream.worker.batching import ARRIVED, Batcher
from reading_club.adapters.eventstream.worker.event_task import EventTask
from reading_club.adapters.eventstream.worker.malformed import (
    described,
    is_suspected,
    validate_task_message,
)


class EventConsumer(WorkerConsumer):
    """Passes each message to the pool, in a batch or alone: no Celery request is made of it.

    If the pool does not accept a malformed message, the worker ends, and another worker gets the
    message. A list entry on Redis that kombu cannot parse, because no publisher pushed it, ends
    the worker before this class receives it.
    """

    _batchers: Mapping[bool, Batcher] = {}

    def start_consuming(self) -> None:
        """Drop the waiting messages of an earlier connection: the broker redelivers them.

        Suspected messages are handled one at a time, in a thread beside the batches.
        """
        for batcher in self._batchers.values():
            batcher.abandon()
        task: Any = self.app.tasks[SEND_MESSAGE]
        events: EventTask = task.event_task

        def receive_suspected(messages: Sequence[object], *, arrived: float) -> None:
            events.receive(*messages, suspected=True, arrived=arrived)

        self._events = events
        self._batchers = {
            False: Batcher(self, events.receive_batch, events.receive),
            True: Batcher(self, receive_suspected, events.receive, largest=1),
        }

    def receive(self, message: Message) -> None:
        """Add an event to a batch, or refuse the message."""
        try:
            validate_task_message(message)
            release_prefetch_on_ack_failure(message)
            headers: dict[str, Any] = message.headers
            headers[ARRIVED] = time.monotonic()
            self._batchers[is_suspected(message)].add(message)
        except Exception as exc:  # noqa: BLE001  # any error concerns this message alone
            self.refuse(message, exc)

    def refuse(self, message: Message, error: Exception) -> None:
        """Let the pool make a dead letter, and then acknowledge or requeue the message."""
        release_prefetch_on_ack_failure(message)
        refuse = partial(self._events.refuse, described(message), error)
        self._batchers[True].start_alone(message, refuse)
