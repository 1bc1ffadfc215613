"""The Celery task of one subscriber, and the resources of its worker process."""

import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from functools import partial
from typing import Any

from celery import Celery, signals

from reading_club.adapters.eventstream.event_loop_thread import EventLoopThread
from reading_club.adapters.eventstream.topology import SEND_MESSAGE
from reading_club.adapters.eventstream.worker.malformed import ARRIVED, is_suspected, unwrapped
from reading_club.adapters.eventstream.worker.outage_retry import OutageRetry, Pacing, StopSignal
from reading_club.eventstream.errors import UnreadableMessage
from reading_club.eventstream.inbox.attempt_policy import AttemptPolicy, Delivery
from reading_club.eventstream.inbox.processor import BatchTransaction, InboxProcessor
from reading_club.eventstream.ports.inbox import ATTEMPTS
from reading_club.eventstream.subscriber import Subscriber
from reading_club.eventstream.unit_of_work import UnitOfWorkFactory
from reading_club.eventstream.wire import EventRegistry

Resources = Callable[[], AbstractAsyncContextManager[UnitOfWorkFactory]]


def _now() -> datetime:
    return datetime.now(UTC)


class EventTask:
    """Handles the messages of one subscriber, each in one transaction, or a batch in one.

    ``events`` decodes the messages. ``resources`` opens the resources of a process, such as a
    database engine, on the process's event loop, and closes them at shutdown. ``wait`` waits for
    the given seconds, and returns True at once when the worker is asked to stop.
    """

    def __init__(
        self,
        subscriber: Subscriber[Any],
        events: EventRegistry,
        resources: Resources,
        *,
        attempts: int = ATTEMPTS,
        pacing: Pacing | None = None,
        wait: Callable[[float], bool] | None = None,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        self.subscriber = subscriber
        self.stopping = StopSignal()
        pacing = pacing or Pacing()
        policy = AttemptPolicy(attempts, pacing.attempt_pause, pacing.timer)
        self._processor = InboxProcessor(subscriber, events, policy, clock)
        self._dead_letters = self._processor.dead_letters
        self._loop = EventLoopThread(resources)
        wait = wait or self.stopping.wait
        self._outage_retry = OutageRetry(self._loop, self._dead_letters, pacing, wait)

    def register(self, app: Celery) -> None:
        """Register the task on the app, and connect to the worker's shutdown signals.

        A message is acknowledged when the task returns.
        """

        def send_message(task: Any, *args: Any, **kwargs: Any) -> None:
            if not args and kwargs.keys() == {"message"}:
                again = is_suspected(task.request.delivery_info or {}, vars(task.request))
                arrived = task.request.get(ARRIVED)
                self.receive(kwargs["message"], suspected=again, arrived=arrived)
            else:
                self._refuse(*unwrapped(args, kwargs))

        task: Any = app.task(name=SEND_MESSAGE, shared=False, bind=True)(send_message)
        task.receive_batch = self.receive_batch
        task.receive_suspected = self.receive_suspected
        signals.worker_shutting_down.connect(self._on_stopping)
        signals.worker_shutdown.connect(self._on_shutdown)

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
        self._outage_retry.retry_until_done(
            message,
            partial(self._processor.attempt, delivery),
            lambda error: partial(self._processor.defer, delivery, error),
            arrived=arrived,
            alone=suspected,
        )

    def receive_batch(self, messages: Sequence[object], *, arrived: float | None = None) -> bool:
        """Return True when all messages have taken effect, now or before, or are deferred.

        They are handled in one transaction. Returns False, without any effect, if the batch has to
        be split: receive each message alone then. Holds and defers messages during an outage, and
        raises Celery's Reject, as ``receive`` does.
        """
        transaction = BatchTransaction(self._processor, messages)
        self._outage_retry.retry_until_done(
            messages[0],
            transaction.attempt,
            lambda error: partial(transaction.defer, error),
            arrived=arrived,
        )
        return not transaction.is_split

    def receive_suspected(
        self, messages: Sequence[object], *, arrived: float | None = None
    ) -> bool:
        """Receive messages that may have killed a worker, one after the other; return True."""
        for message in messages:
            self.receive(message, suspected=True, arrived=arrived)
        return True

    def _refuse(self, message: object, error: UnreadableMessage) -> None:
        """Return when the message is a dead letter; raises Reject as ``receive`` does."""
        self._dead_letters.log(logging.ERROR, "message set aside", message, error)

        async def set_aside(make_uow: UnitOfWorkFactory) -> bool:
            await self._dead_letters.set_aside(Delivery(message), error, make_uow)
            return True

        self._outage_retry.retry_until_done(message, set_aside, None)

    def close(self) -> None:
        """Close the resources and the loop of this process, and release the stop signal."""
        self._loop.close()
        self.stopping.close()

    def _on_stopping(self, **_: object) -> None:
        self.stopping.set()

    def _on_shutdown(self, **_: object) -> None:
        self._loop.close()
