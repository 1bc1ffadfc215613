"""The Celery task of one subscriber: retries messages until they are done, deferred or requeued."""

import logging
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from celery import Celery, signals
from celery.exceptions import Reject

from reading_club.adapters.eventstream.event_loop_thread import EventLoopThread
from reading_club.adapters.eventstream.messaging_system import system_of
from reading_club.adapters.eventstream.stream_app import stream_of
from reading_club.adapters.eventstream.worker.pacing import Pacing
from reading_club.adapters.eventstream.worker.pausing import PauseWatcher
from reading_club.adapters.eventstream.worker.returning import ReturnedLog
from reading_club.eventstream.context import handling
from reading_club.eventstream.errors import BUSY, TransientFailure, UnreadableMessage
from reading_club.eventstream.inbox.attempt_policy import AttemptPolicy, Delivery
from reading_club.eventstream.inbox.batch_transaction import BatchTransaction
from reading_club.eventstream.inbox.processor import InboxProcessor
from reading_club.eventstream.inbox.spans import ProcessSpans
from reading_club.eventstream.ports.inbox import ATTEMPTS
from reading_club.eventstream.ports.metrics import NO_METRICS, StreamMetrics
from reading_club.eventstream.subscriber import Subscriber
from reading_club.eventstream.unit_of_work import UnitOfWorkFactory
from reading_club.eventstream.wire import EventRegistry, TEvent

Resources = Callable[[], AbstractAsyncContextManager[UnitOfWorkFactory]]
"""Opens what a process needs, and yields a factory of units of work: one for each transaction."""

Attempt = Coroutine[Any, Any, bool | None]
"""Returns False if the message has to be tried again, and must not be acknowledged."""

_CHECK_INTERVAL: Final = 0.05
"""Seconds between two checks for a stop, and whether the suspected message before is done."""

_now: Final = partial(datetime.now, UTC)


class EventTask:
    """Handles the messages of one subscriber, each in one transaction, or a batch in one.

    ``events`` decodes the messages. ``resources`` opens the resources of a process, such as a
    database engine, on the process's event loop, and closes them at shutdown; or it is that loop.
    ``wait`` waits for the given seconds, and returns True when the worker is asked to stop.
    """

    def __init__(  # noqa: PLR0913  # five of them by name, with a default
        self,
        subscriber: Subscriber[TEvent, Any],
        events: EventRegistry[TEvent],
        resources: Resources | EventLoopThread[UnitOfWorkFactory],
        *,
        attempts: int = ATTEMPTS,
        pacing: Pacing | None = None,
        wait: Callable[[float], bool] | None = None,
        clock: Callable[[], datetime] = _now,
        metrics: StreamMetrics = NO_METRICS,
    ) -> None:
        self.metrics = metrics
        self.pacing = pacing or Pacing()
        policy = AttemptPolicy(attempts, self.pacing.attempt_pause, self.pacing.timer, metrics)
        self._processor = InboxProcessor(subscriber, events, policy, clock, metrics)
        self._dead_letters = self._processor.dead_letters
        self._spans = ProcessSpans(subscriber.name)
        if not isinstance(resources, EventLoopThread):
            resources = EventLoopThread(resources)
        self._loop = resources
        self.pause = PauseWatcher(subscriber.name, resources)
        self.returned = ReturnedLog(self._processor, resources)
        self._wait = wait or self._wait_for_stop
        self._suspects = threading.Lock()
        self._stopping = False

    def register(self, app: Celery) -> None:
        """Register the task on the app, and connect to the worker's shutdown signals.

        The task has the name of the app's stream. A message is acknowledged when it returns. A
        starting worker waits until the database says whether the subscriber is paused.
        """
        stream = stream_of(app)
        self._spans.consume_from(stream.queue_name(self._processor.subscriber.name), system_of(app))
        task: Any = app.task(name=stream.task, shared=False)(self.receive)
        task.event_task = self
        self._app = app
        signals.celeryd_init.connect(self._on_init)
        signals.worker_shutting_down.connect(self._on_stopping)
        signals.worker_shutdown.connect(self.close)

    def receive(
        self, message: object, *, suspected: bool = False, arrived: float | None = None
    ) -> None:
        """Return when the message has taken effect, now or before, is deferred or a dead letter.

        During an outage the message is held, and tried again without counting. If the outage
        outlasts the limits of ``pacing``, the message is deferred, provided that the database
        accepts the row. A ``suspected`` message was delivered before and may have killed a worker:
        a process handles one of them at a time, so that a crash is counted for that one alone.
        ``arrived`` is a monotonic time. Raises Celery's Reject, which requeues the message, when
        the worker is asked to stop.
        """
        delivery = Delivery(message, suspected)
        attempt = self._spans.traced([message], partial(self._processor.attempt, delivery))
        defer = partial(self._processor.defer, delivery)
        with handling([message]), self._one_at_a_time() if suspected else nullcontext():
            self._retry_until_done(message, attempt, defer, arrived)

    def receive_batch(self, messages: Sequence[object], *, arrived: float | None = None) -> bool:
        """Return True when all messages have taken effect, now or before, or are deferred.

        They are handled in one transaction. Returns False, without any effect, if the batch has to
        be split: receive each message alone then. Holds and defers messages during an outage, and
        raises Celery's Reject, as ``receive`` does.
        """
        transaction = BatchTransaction(self._processor, messages)
        attempt, defer = self._spans.traced(messages, transaction.attempt), transaction.defer
        with handling(messages):
            self._retry_until_done(messages[0], attempt, defer, arrived)
        return not transaction.is_split

    def refuse(self, message: object, error: Exception) -> None:
        """Return when the message is a dead letter; raises Reject as ``receive`` does."""
        error = UnreadableMessage(f"{type(error).__name__}: {error}")
        self._dead_letters.log(logging.ERROR, "message set aside", message, error)
        set_aside = partial(self._dead_letters.set_aside, Delivery(message), error)
        self._retry_until_done(message, set_aside)

    def _retry_until_done(
        self,
        message: object,
        work: Callable[[UnitOfWorkFactory], Attempt],
        defer: Callable[[TransientFailure, UnitOfWorkFactory], Attempt] | None = None,
        arrived: float | None = None,
    ) -> None:
        """Return when the work is done, or the message was deferred after its holding time."""
        begun, delays = self.pacing.timer(), None
        while True:
            done, failure = self._attempt(message, work)
            if failure and defer and self._is_late(failure, begun, arrived):
                done, _ = self._attempt(message, partial(defer, failure))
            if done:
                return
            delays = delays or self.pacing.backoff.delays()
            self._pause(next(delays))

    def _attempt(
        self, message: object, work: Callable[[UnitOfWorkFactory], Attempt]
    ) -> tuple[bool, TransientFailure | None]:
        try:
            return self._loop.run(work) is not False, None
        except TransientFailure as exc:
            self._dead_letters.log(logging.WARNING, "waiting for what is away", message, exc)
            return False, exc
        except Exception as exc:  # noqa: BLE001  # the dead letter cannot be stored either
            text = "cannot set the message aside"
            self._dead_letters.log(logging.ERROR, text, message, exc, trace=True)
            return False, None

    def _is_late(self, failure: TransientFailure, begun: float, arrived: float | None) -> bool:
        now = self.pacing.timer()
        if isinstance(failure, BUSY) and now - begun >= self.pacing.hold_busy:
            return True
        return now - (begun if arrived is None else arrived) >= self.pacing.hold

    @contextmanager
    def _one_at_a_time(self) -> Iterator[None]:
        while not self._suspects.acquire(blocking=False):
            self._pause(_CHECK_INTERVAL)
        try:
            yield
        finally:
            self._suspects.release()

    def _pause(self, seconds: float) -> None:
        if self._wait(seconds):
            raise Reject("the worker is stopping", requeue=True)

    def _wait_for_stop(self, seconds: float) -> bool:
        """Wait in steps: a lock must not be taken by the signal handler that asks for a stop."""
        until = time.monotonic() + seconds
        while not self._stopping and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, _CHECK_INTERVAL))
        return self._stopping

    def close(self, **_: object) -> None:
        """Close the resources and the loop of this process."""
        self._loop.close()

    def _on_init(self, instance: Any, **_: object) -> None:
        if instance.app is self._app:
            self.pause.start()

    def _on_stopping(self, **_: object) -> None:
        self._stopping = True
