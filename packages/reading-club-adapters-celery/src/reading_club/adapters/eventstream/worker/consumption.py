"""Pauses and ends the consumption of a connection: waiting messages return to the queue."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from typing import Any

from kombu import Message

from reading_club.adapters.eventstream.worker.batching import Batcher
from reading_club.adapters.eventstream.worker.event_task import EventTask
from reading_club.adapters.eventstream.worker.malformed import is_suspected, was_attempted
from reading_club.adapters.eventstream.worker.returning import STOP_TIMEOUT, Redeliveries

logger = logging.getLogger(__name__)


def batchers_of(
    worker: Any, events: EventTask, before_requeue: Callable[[Sequence[Message]], None]
) -> Mapping[bool, Batcher]:
    """Return the batcher of a connection's messages at False, and that of suspected ones at True.

    Suspected messages are handled one at a time, in a thread beside the batches. ``before_requeue``
    gets each batch of others that a stop rolled back.
    """

    def receive_suspected(messages: Sequence[object], *, arrived: float) -> None:
        events.receive(*messages, suspected=True, arrived=arrived)

    return {
        False: Batcher(
            worker,
            events.receive_batch,
            events.receive,
            largest=events.pacing.largest_batch,
            rest=events.pacing.rest,
            before_requeue=before_requeue,
        ),
        True: Batcher(worker, receive_suspected, events.receive, largest=1),
    }


class Consumption:
    """The messages of one connection; its methods are called in the worker's own thread.

    Messages that have not begun return at a pause and at a stop. They are recorded before that, so
    that their redelivery is no sign of a crash; suspected ones stay suspected. ``batchers`` are
    those of ``batchers_of``. ``worker`` is an ``EventConsumer``.
    """

    def __init__(self, worker: Any, events: EventTask) -> None:
        self._worker = worker
        self._pause, self._log = events.pause, events.returned
        self.batchers = batchers_of(worker, events, self.record)
        self.redeliveries = Redeliveries(worker, events.returned, self._add)
        self._is_paused = self._is_stopping = self._is_lost = False
        self._pause.on_poll = partial(worker.call_soon, self.obey_pause)

    def begin(self) -> None:
        """Begin, and consume unless the subscriber is paused. Raises the driver's errors."""
        self.obey_pause()

    def add(self, message: Message) -> None:
        """Add a message to a batch; a redelivered one after a look whether it was returned."""
        if is_suspected(message) and not was_attempted(message):
            self.redeliveries.sort(message)
        else:
            self._add(message, is_suspected(message))

    def start_alone(self, message: Message, work: Callable[[], bool | None]) -> None:
        """Run the work beside the batches, and then acknowledge or requeue the message."""
        self.batchers[True].start_alone(message, work)

    def abandon(self) -> None:
        """Drop the waiting messages after a lost connection: the broker redelivers them."""
        self._is_lost = True
        self.redeliveries.abandon()
        for batcher in self.batchers.values():
            batcher.abandon()

    def obey_pause(self) -> None:
        """Begin or end the pause; while it lasts, each call returns what has arrived late.

        Batches that have begun are finished. Raises the driver's errors.
        """
        if self._is_stopping or self._is_lost:
            return
        if self._pause.is_paused:
            self._is_paused = True
            self._hold()
            self._worker.consume_nothing()
            self._return_waiting()
        elif self._is_paused:
            self._is_paused = False
            self._worker.consume_again()
            for batcher in self.batchers.values():
                batcher.release()

    def stop(self, *, broker_answers: bool = True) -> None:
        """Return the waiting messages, if the database records them within 2 s.

        A broker that does not answer is not waited for: it redelivers what was recorded.
        """
        self._is_stopping = True
        self._hold()
        until = time.monotonic() + STOP_TIMEOUT
        self.redeliveries.finish(STOP_TIMEOUT)
        fresh, suspected = self._take_waiting()
        with suppress(Exception):  # otherwise they are redelivered as after a crash
            if fresh:
                self._log.record(fresh).result(max(0.0, until - time.monotonic()))
            if broker_answers:
                self._requeue([*fresh, *suspected])

    def record(self, batch: Sequence[Message]) -> None:
        """Record a batch that a stop has rolled back, in the pool; wait 2 s at most."""
        with suppress(Exception):
            self._log.record(batch).result(STOP_TIMEOUT)

    def _add(self, message: Message, suspected: bool) -> None:  # noqa: FBT001  # as Redeliveries calls it
        self.batchers[suspected].add(message)

    def _hold(self) -> None:
        for batcher in self.batchers.values():
            batcher.hold()

    def _take_waiting(self) -> tuple[Sequence[Message], Sequence[Message]]:
        return self.batchers[False].take_waiting(), self.batchers[True].take_waiting()

    def _return_waiting(self) -> None:
        fresh, suspected = self._take_waiting()
        self._requeue(suspected)
        if fresh:
            done = partial(self._worker.call_soon_ack, self._return, fresh)
            self._log.record(fresh).add_done_callback(done)

    def _return(self, messages: Sequence[Message], recorded: "Future[None]") -> None:
        """Requeue the recorded messages; if that failed, they wait for the next call."""
        if self._is_lost:
            return
        if recorded.cancelled() or recorded.exception() is not None:
            for message in messages:
                self.batchers[False].add(message)
        else:
            self._requeue(messages)
            logger.info("%s messages are returned to the queue", len(messages))

    def _requeue(self, messages: Sequence[Message]) -> None:
        for message in messages:
            self._worker.requeue(message)
            if not message.acknowledged:  # the broker is away, and redelivers them by itself
                return
