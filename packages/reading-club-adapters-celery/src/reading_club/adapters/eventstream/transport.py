"""Publishing events as Celery messages."""

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

from reading_club.adapters.eventstream.config import PUBLISHER_CONNECTIONS
from reading_club.adapters.eventstream.executor import (
    BoundedExecutor,
    ExecutorBusy,
    ExecutorClosed,
)
from reading_club.adapters.eventstream.reasons import reason_of
from reading_club.adapters.eventstream.topology import SEND_MESSAGE
from reading_club.service.errors import EventstreamUnavailable

_BUGS: Final = (SerializationError, SerializerNotInstalled, VersionMismatch)


class TaskSender(Protocol):
    """What the transport needs of a Celery application."""

    def send_task(self, name: str, /, *, kwargs: dict[str, Any]) -> object:
        """Publish a task by its name; may block."""


class EventstreamTransport(AsyncAbstractEventstreamTransport):
    """Sends each event as the task ``send_message``, in threads of its own.

    Where it goes, and how it is serialised, is the configuration of ``app``. Nothing is
    connected before the first event, and a forked process starts with threads of its own.
    At most ``threads`` messages are on their way to the broker and ``backlog`` more wait,
    whatever the broker does; keep ``threads`` at or below the app's ``broker_pool_limit``.
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
        self._executor = BoundedExecutor(threads, backlog)

    async def send_message_serialized(self, message: Mapping[str, Any]) -> None:
        """Return when the broker has taken the message, as far as ``app`` can know.

        Raises EventstreamUnavailable after ``timeout`` seconds at most: the broker is away,
        refuses the message or is slow, or the transport is closed. It may have the message
        all the same. Raises kombu's EncodeError, or TypeError, for what is not JSON.
        """
        send = partial(self.app.send_task, SEND_MESSAGE, kwargs={"message": dict(message)})
        try:
            future = asyncio.wrap_future(self._executor.submit(send))
            await asyncio.wait_for(future, self.timeout)
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
        """Take no more messages; blocks for those on their way, ``timeout`` seconds at most."""
        self._executor.close(self.timeout)


def _is_the_brokers(exc: Exception) -> bool:
    if isinstance(exc, KombuError | AMQPError | MessageNacked | OSError | TimeoutError):
        return True
    # kombu lets redis's own errors through where it opens a connection. redis is optional:
    # where it was never imported, the error cannot be its.
    redis = sys.modules.get("redis.exceptions")
    return redis is not None and isinstance(exc, redis.RedisError)
