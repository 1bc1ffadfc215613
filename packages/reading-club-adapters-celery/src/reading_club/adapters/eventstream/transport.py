"""Publishes each event as a Celery task."""

import asyncio
import contextlib
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from functools import partial
from queue import Empty, Full, Queue
from time import monotonic
from typing import Any, Final, Protocol

from amqp.exceptions import AMQPError, MessageNacked
from kombu.exceptions import InconsistencyError, LimitExceeded, OperationalError
from messagebus import AsyncAbstractEventstreamTransport

from reading_club.adapters.eventstream.app import PUBLISHER_CONNECTIONS
from reading_club.adapters.eventstream.broker_errors import reason_of, root_cause
from reading_club.adapters.eventstream.stream_app import stream_of
from reading_club.adapters.eventstream.topology import Stream
from reading_club.eventstream.errors import EventstreamUnavailable
from reading_club.eventstream.per_process import PerProcess

NACK_PAUSE: Final = 0.1
"""Seconds until a message that the broker refused by a nack is sent again."""


class TaskSender(Protocol):
    """The part of a Celery application that the transport uses."""

    def send_task(self, name: str, /, *, kwargs: dict[str, Any]) -> object:
        """Publish a task by its name; may block."""


class EventstreamTransport(AsyncAbstractEventstreamTransport):
    """Sends each event as the task ``send_message``, or that of the app's stream, in threads.

    Routing and serialisation are configured in ``app``. The first event connects; a forked process
    starts its own threads. At most ``threads`` messages are being sent and ``backlog`` more wait;
    keep ``threads`` at or below the app's ``broker_pool_limit``. An app that is not of
    ``publisher_app`` needs the ``stream``, unless it is the default one. Raises ValueError if the
    app belongs to another stream.
    """

    def __init__(
        self,
        app: TaskSender,
        *,
        stream: Stream | None = None,
        timeout: float = 4.5,
        threads: int = PUBLISHER_CONNECTIONS,
        backlog: int = 1000,
    ) -> None:
        self.app = app
        self._task = stream_of(app, stream).task
        self.timeout = timeout
        self._closed = False
        self._threads = PerProcess(lambda: _Threads(threads, backlog))

    async def send_message_serialized(self, message: Mapping[str, Any]) -> None:
        """Return when the broker has taken the message; on AMQP, when the confirm has arrived.

        Raises EventstreamUnavailable after ``timeout`` seconds at most: the broker is unavailable,
        refuses the message or is slow, or the transport is closed. The message may have arrived
        nevertheless. A nack alone is tried again until then: RabbitMQ refuses the first messages
        of a new quorum queue while no leader is elected. Raises kombu's EncodeError, or TypeError,
        for a message that is not JSON.
        """
        if self._closed:
            _refuse()
        send = partial(self.app.send_task, self._task, kwargs={"message": dict(message)})
        try:
            await self._send_until_not_refused(send)
        except Full as exc:
            raise EventstreamUnavailable("too many messages wait for the broker") from exc
        except Exception as exc:
            if not _is_the_brokers(exc):
                raise
            raise EventstreamUnavailable(f"the broker did not take it: {reason_of(exc)}") from exc

    async def _send_until_not_refused(self, send: Callable[[], object]) -> None:
        until = monotonic() + self.timeout
        while True:
            future = self._threads.get().submit(send)
            try:
                await asyncio.wait_for(asyncio.wrap_future(future), until - monotonic())
            except (OperationalError, MessageNacked) as exc:
                if not isinstance(root_cause(exc), MessageNacked):
                    raise
                if monotonic() + NACK_PAUSE >= until:
                    raise
            else:
                return
            await asyncio.sleep(NACK_PAUSE)

    def close(self) -> None:
        """Accept no more messages; block up to ``timeout`` seconds for those being sent."""
        self._closed = True
        threads = self._threads.value
        if threads is not None:
            threads.close(self.timeout)


class _Threads:
    """Runs calls in threads, and holds at most ``backlog`` more.

    As daemons, the threads do not keep the process from ending while the broker hangs.
    """

    def __init__(self, threads: int, backlog: int) -> None:
        self._jobs: Queue[tuple[Future[Any], Callable[[], Any]] | None] = Queue(backlog)
        self._threads = [
            threading.Thread(target=self._work, name=f"eventstream-{number}", daemon=True)
            for number in range(threads)
        ]
        self._lock = threading.Lock()

    def submit(self, call: Callable[[], Any]) -> Future[Any]:
        """Return the call's future, which may be cancelled until a thread takes it. Raises Full."""
        future: Future[Any] = Future()
        self._jobs.put_nowait((future, call))
        with self._lock:
            for thread in self._threads:
                if thread.ident is None:
                    thread.start()
        return future

    def close(self, within: float) -> None:
        """End the threads, and wait up to ``within`` seconds for running calls."""
        until = monotonic() + within
        with contextlib.suppress(Empty):
            while (job := self._jobs.get_nowait()) is not None:
                _run(job[0], _refuse)
        self._jobs.put(None)
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(max(0.0, until - monotonic()))

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            _run(*job)
            del job  # Frees the message before the next call.
        self._jobs.put(None)  # ends the next thread


def _refuse() -> None:
    raise EventstreamUnavailable("the transport is closed")


def _run(future: Future[Any], call: Callable[[], Any]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(call())
    except BaseException as exc:  # noqa: BLE001  # raised where the future is awaited
        future.set_exception(exc)


def _is_the_brokers(exc: Exception) -> bool:
    kombus = OperationalError | InconsistencyError | LimitExceeded
    if isinstance(exc, kombus | AMQPError | MessageNacked | OSError):
        return True
    # kombu does not translate redis's errors while it opens a connection. redis is optional:
    # if the package was never imported, the error has another origin.
    redis = sys.modules.get("redis.exceptions")
    return redis is not None and isinstance(exc, redis.RedisError)
