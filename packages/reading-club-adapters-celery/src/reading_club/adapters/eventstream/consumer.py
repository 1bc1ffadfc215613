"""One subscriber's worker: from a message to its effect, or to a dead letter."""

import logging
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Any

from celery import Celery, signals
from celery.exceptions import Reject

from reading_club.adapters.eventstream.backoff import Backoff
from reading_club.adapters.eventstream.garbage import unwrapped
from reading_club.adapters.eventstream.letters import as_text, dead_letter
from reading_club.adapters.eventstream.loop import LoopThread
from reading_club.adapters.eventstream.stopping import StopSignal
from reading_club.adapters.eventstream.topology import SEND_MESSAGE
from reading_club.domain.errors import TransientFailure
from reading_club.domain.messages import ClubEvent
from reading_club.service.dead_letters import DeadLetter
from reading_club.service.envelope import EventCatalogue, UnreadableMessage
from reading_club.service.subscriber import Subscriber
from reading_club.service.uow import AbstractUnitOfWork

logger = logging.getLogger(__name__)

UnitOfWorkFactory = Callable[[], AbstractUnitOfWork]
Resources = Callable[[], AbstractAsyncContextManager[UnitOfWorkFactory]]
Work = Callable[[UnitOfWorkFactory], Coroutine[Any, Any, None]]


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
        catalogue: EventCatalogue | None = None,
        backoff: Backoff | None = None,
        wait: Callable[[float], bool] | None = None,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        self.subscriber = subscriber
        self.stopping = StopSignal()
        self._catalogue = catalogue or EventCatalogue()
        self._backoff = backoff or Backoff()
        self._wait = wait or self.stopping.wait
        self._clock = clock
        self._loop = LoopThread(resources)

    def install(self, app: Celery) -> None:
        """Register the task on the app, and listen for the end of its worker.

        Do it before the worker forks. A message is acknowledged when the task returns.
        """

        def send_message(*args: Any, **kwargs: Any) -> None:
            if not args and kwargs.keys() == {"message"}:
                self.receive(kwargs["message"])
            else:
                self._refuse(*unwrapped(args, kwargs))

        app.task(name=SEND_MESSAGE, shared=False)(send_message)
        signals.worker_ready.connect(self._on_ready)
        signals.worker_shutting_down.connect(self._on_stopping)
        signals.worker_process_shutdown.connect(self._on_shutdown)
        signals.worker_shutdown.connect(self._on_shutdown)

    def receive(self, message: object) -> None:
        """Return when the message has taken effect or was set aside.

        While the database is away it holds the message, and tries again without counting.
        Raises Celery's Reject, for the message to go back to its queue, when the worker is
        asked to stop meanwhile.
        """
        self._persist(message, lambda make_uow: self._deal_with(message, make_uow))

    def _refuse(self, message: object, error: UnreadableMessage) -> None:
        """Return when the message was set aside; otherwise as ``receive``."""
        self._log(logging.ERROR, "message set aside", message, error)
        self._persist(message, lambda make_uow: self._set_aside(message, error, make_uow))

    def _persist(self, message: object, work: Work) -> None:
        for delay in self._backoff.delays():
            try:
                self._loop.run(work)
            except TransientFailure as exc:
                self._log(logging.WARNING, "waiting for what is away", message, exc)
            except Exception as exc:  # noqa: BLE001  # not even a dead letter can be kept
                self._log(logging.ERROR, "cannot set the message aside", message, exc, trace=True)
            else:
                return
            if self._wait(delay):
                raise Reject("the worker is stopping", requeue=True)

    async def _deal_with(self, message: object, make_uow: UnitOfWorkFactory) -> None:
        try:
            await self._handle(self._catalogue.decode(message), make_uow())
        except TransientFailure:
            raise
        except Exception as exc:  # noqa: BLE001  # a handler's bug concerns its message only
            unreadable = isinstance(exc, UnreadableMessage)
            self._log(logging.ERROR, "message set aside", message, exc, trace=not unreadable)
            await self._set_aside(message, exc, make_uow)

    async def _handle(self, event: ClubEvent, uow: AbstractUnitOfWork) -> None:
        """Let the event take effect, in one transaction."""
        async with uow as transaction:
            await self.subscriber.handle(event, uow)
            await transaction.commit()

    async def _set_aside(
        self, message: object, error: Exception, make_uow: UnitOfWorkFactory
    ) -> None:
        letter = dead_letter(self.subscriber.name, message, error, self._clock())
        try:
            await _keep(letter, make_uow())
        except TransientFailure:
            raise
        except Exception as exc:  # noqa: BLE001  # such as a NUL that a database refuses
            self._log(logging.WARNING, "dead letter kept as text", message, exc, trace=True)
            await _keep(as_text(letter), make_uow())

    def _log(
        self, level: int, text: str, message: object, exc: Exception, *, trace: bool = False
    ) -> None:
        letter = dead_letter(self.subscriber.name, message, exc, self._clock())
        fields = {
            "subscriber": letter.subscriber,
            "message_id": str(letter.message_id),
            "message_type": letter.type,
            "error": type(exc).__name__,
        }
        logger.log(level, text, extra=fields, exc_info=exc if trace else None)

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


async def _keep(letter: DeadLetter, uow: AbstractUnitOfWork) -> None:
    async with uow as transaction:
        await uow.dead_letters.add(letter)
        await transaction.commit()


def _nothing() -> None:
    """Do nothing but be awake."""
