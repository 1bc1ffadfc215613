"""One subscriber's worker: it holds each message until it is dealt with."""

import logging
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from celery import Celery, signals
from celery.exceptions import Reject

from reading_club.adapters.eventstream.garbage import unwrapped
from reading_club.adapters.eventstream.handling import Delivery, Handling, UnitOfWorkFactory
from reading_club.adapters.eventstream.loop import LoopThread
from reading_club.adapters.eventstream.stopping import StopSignal
from reading_club.adapters.eventstream.topology import SEND_MESSAGE
from reading_club.domain.errors import TransientFailure
from reading_club.service.backoff import Backoff
from reading_club.service.envelope import EventCatalogue, UnreadableMessage
from reading_club.service.subscriber import Subscriber

Resources = Callable[[], AbstractAsyncContextManager[UnitOfWorkFactory]]
Work = Callable[[UnitOfWorkFactory], Coroutine[Any, Any, bool]]

logger = logging.getLogger(__name__)

ATTEMPTS: Final = 5
"""How often a message is tried that fails for reasons of its own."""

_NEXT_TURN: Final = 0.05
"""Seconds after which a message that waits for another one looks whether it is done."""


def _now() -> datetime:
    return datetime.now(UTC)


class Consumer:
    """Handles the messages of one subscriber, one transaction each.

    ``resources`` opens what a process needs, such as a database engine, on the process's one
    event loop, and closes it when the worker shuts down. ``wait`` waits so many seconds and
    returns True at once when the worker is asked to stop.
    """

    def __init__(
        self,
        subscriber: Subscriber,
        resources: Resources,
        *,
        attempts: int = ATTEMPTS,
        catalogue: EventCatalogue | None = None,
        backoff: Backoff | None = None,
        wait: Callable[[float], bool] | None = None,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        self.subscriber = subscriber
        self.stopping = StopSignal()
        self._handling = Handling(subscriber, catalogue or EventCatalogue(), attempts, clock)
        self._backoff = backoff or Backoff()
        self._wait = wait or self.stopping.wait
        self._loop = LoopThread(resources)
        self._turn = threading.Lock()

    def install(self, app: Celery) -> None:
        """Register the task on the app, and listen for the end of its worker.

        Do it before the worker forks. A message is acknowledged when the task returns.
        """

        def send_message(task: Any, *args: Any, **kwargs: Any) -> None:
            if not args and kwargs.keys() == {"message"}:
                again = bool((task.request.delivery_info or {}).get("redelivered"))
                self.receive(kwargs["message"], redelivered=again)
            else:
                self._refuse(*unwrapped(args, kwargs))

        task: Any = app.task(name=SEND_MESSAGE, shared=False, bind=True)(send_message)
        task.receive_together = self.receive_together
        signals.worker_ready.connect(self._on_ready)
        signals.worker_shutting_down.connect(self._on_stopping)
        signals.worker_process_shutdown.connect(self._on_shutdown)
        signals.worker_shutdown.connect(self._on_shutdown)

    def receive(self, message: object, *, redelivered: bool = False) -> None:
        """Return when the message has taken effect, had done so before, or was set aside.

        While the database is away it holds the message, and tries again without counting. Of
        messages that were delivered before, and may be what a worker died of, a process tries
        one at a time: those that are none are not counted for the one that is.
        Raises Celery's Reject, for the message to go back to its queue, when the worker is
        asked to stop meanwhile.
        """
        delivery = Delivery(message, redelivered)
        work = partial(self._handling.attempt, delivery)
        self._persist(message, work, alone=redelivered)

    def receive_together(self, messages: Sequence[object]) -> bool:
        """Return when all messages have taken effect, in one transaction, or had done so before.

        Returns False, and none has, if one of them cannot: each has to be received alone then.
        While the database is away it holds them. Raises Celery's Reject as ``receive`` does.
        """
        apart = False

        async def work(make_uow: UnitOfWorkFactory) -> bool:
            nonlocal apart
            try:
                await self._handling.together(messages, make_uow)
            except TransientFailure:
                raise
            except Exception as exc:  # noqa: BLE001  # whose fault it is shows when each is alone
                apart = True
                logger.info("a batch is taken apart", extra={"error": type(exc).__name__})
            return True

        self._persist(messages[0], work)
        return not apart

    def _refuse(self, message: object, error: UnreadableMessage) -> None:
        """Return when the message was set aside; otherwise as ``receive``."""
        self._handling.log(logging.ERROR, "message set aside", message, error)

        async def set_aside(make_uow: UnitOfWorkFactory) -> bool:
            await self._handling.set_aside(Delivery(message), error, make_uow)
            return True

        self._persist(message, set_aside)

    def _persist(self, message: object, work: Work, *, alone: bool = False) -> None:
        for delay in self._backoff.delays():
            with self._in_turn() if alone else nullcontext():
                if self._is_done(message, work):
                    return
            self._pause(delay)

    def _is_done(self, message: object, work: Work) -> bool:
        try:
            return self._loop.run(work)
        except TransientFailure as exc:
            self._handling.log(logging.WARNING, "waiting for what is away", message, exc)
        except Exception as exc:  # noqa: BLE001  # not even a dead letter can be kept
            text = "cannot set the message aside"
            self._handling.log(logging.ERROR, text, message, exc, trace=True)
        return False

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        while not self._turn.acquire(blocking=False):
            self._pause(_NEXT_TURN)
        try:
            yield
        finally:
            self._turn.release()

    def _pause(self, seconds: float) -> None:
        if self._wait(seconds):
            raise Reject("the worker is stopping", requeue=True)

    def close(self) -> None:
        """Close the resources and the loop of this process, and release the stop signal."""
        self._loop.close()
        self.stopping.close()

    def _on_ready(self, sender: Any, **_: object) -> None:
        """Wake the worker's event loop each second: on AMQP it may sleep for 20, and not stop."""
        hub = getattr(sender, "hub", None)
        if hub is not None:
            hub.call_repeatedly(1.0, _nothing)

    def _on_stopping(self, **_: object) -> None:
        self.stopping.set()

    def _on_shutdown(self, **_: object) -> None:
        self._loop.close()


def _nothing() -> None:
    """Do nothing but be awake."""
