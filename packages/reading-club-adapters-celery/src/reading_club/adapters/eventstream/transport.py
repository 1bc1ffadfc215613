"""Publishes each event as a Celery task."""

import asyncio
import sys
from collections.abc import Mapping
from functools import partial
from typing import Any, Final, Protocol

from amqp.exceptions import AMQPError, MessageNacked
from kombu.exceptions import (
    KombuError,
    SerializationError,
    SerializerNotInstalled,
    VersionMismatch,
)
from messagebus import AsyncAbstractEventstreamTransport

from reading_club.adapters.eventstream.app import PUBLISHER_CONNECTIONS
from reading_club.adapters.eventstream.bounded_executor import (
    BoundedExecutor,
    ExecutorBusy,
    ExecutorClosed,
)
from reading_club.adapters.eventstream.failure_reasons import reason_of
from reading_club.adapters.eventstream.topology import SEND_MESSAGE
from reading_club.eventstream.errors import EventstreamUnavailable
from reading_club.eventstream.per_process import PerProcess

_BUGS: Final = (SerializationError, SerializerNotInstalled, VersionMismatch)


class TaskSender(Protocol):
    """The part of a Celery application that the transport uses."""

    def send_task(self, name: str, /, *, kwargs: dict[str, Any]) -> object:
        """Publish a task by its name; may block."""


class EventstreamTransport(AsyncAbstractEventstreamTransport):
    """Sends each event as the task ``send_message``, in threads of its own.

    Routing and serialisation are configured in ``app``. The first event connects; a forked process
    starts its own threads. At most ``threads`` messages are being sent and ``backlog`` more wait;
    keep ``threads`` at or below the app's ``broker_pool_limit``.
    """

    def __init__(
        self,
        app: TaskSender,
        *,
        timeout: float = 4.5,
        threads: int = PUBLISHER_CONNECTIONS,
        backlog: int = 1000,
    ) -> None:
        self.app = app
        self.timeout = timeout
        self._closed = False
        self._executors = PerProcess(lambda: BoundedExecutor(threads, backlog))

    async def send_message_serialized(self, message: Mapping[str, Any]) -> None:
        """Return when the broker has taken the message; on AMQP, when the confirm has arrived.

        Raises EventstreamUnavailable after ``timeout`` seconds at most: the broker is unavailable,
        refuses the message or is slow, or the transport is closed. The message may have arrived
        nevertheless. Raises kombu's EncodeError, or TypeError, for a message that is not JSON.
        """
        send = partial(self.app.send_task, SEND_MESSAGE, kwargs={"message": dict(message)})
        try:
            future = self._executor().submit(send)
            await asyncio.wait_for(asyncio.wrap_future(future), self.timeout)
        except _BUGS:
            raise
        except ExecutorBusy as exc:
            raise EventstreamUnavailable("too many messages wait for the broker") from exc
        except ExecutorClosed as exc:
            raise EventstreamUnavailable("the transport is closed") from exc
        except Exception as exc:
            if not _is_the_brokers(exc):
                raise
            raise EventstreamUnavailable(f"the broker did not take it: {reason_of(exc)}") from exc

    def close(self) -> None:
        """Accept no more messages; block up to ``timeout`` seconds for those being sent."""
        self._closed = True
        executor = self._executors.value
        if executor is not None:
            executor.close(self.timeout)

    def _executor(self) -> BoundedExecutor:
        if self._closed:
            raise ExecutorClosed
        return self._executors.get()


def _is_the_brokers(exc: Exception) -> bool:
    if isinstance(exc, KombuError | AMQPError | MessageNacked | OSError | TimeoutError):
        return True
    # kombu does not translate redis's errors while it opens a connection. redis is optional:
    # if the package was never imported, the error has another origin.
    redis = sys.modules.get("redis.exceptions")
    return redis is not None and isinstance(exc, redis.RedisError)
