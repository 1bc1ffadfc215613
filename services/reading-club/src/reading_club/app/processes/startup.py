"""Start of a process while its database is unavailable: retry with backoff until a signal."""

import asyncio
import logging
import signal
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar

from reading_club.app.bootstrap.database import raise_wrong_setting
from reading_club.eventstream.errors import TransientFailure
from reading_club.eventstream.outbox.backoff import Backoff

log = logging.getLogger(__name__)

T = TypeVar("T")

PAUSES: Final = Backoff(first=0.5, cap=10.0)
"""Delays between two attempts, in seconds."""


def stop_on_signals() -> asyncio.Event:
    """Return an event that is set on SIGINT and SIGTERM by a handler in the running loop."""
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    return stopping


async def when_available(
    work: Callable[[], Coroutine[Any, Any, T]],
    stopping: asyncio.Event | None = None,
    backoff: Backoff = PAUSES,
) -> T | None:
    """Retry the work on TransientFailure; return its result, or None once ``stopping`` is set.

    Without ``stopping``, SIGINT and SIGTERM end the retries. Each new reason is logged once. Raises
    ConfigurationError if a wrong setting is the cause.
    """
    stopping, reason = stopping or stop_on_signals(), ""
    for pause in backoff.delays():
        try:
            return await unless_stopped(work(), stopping)
        except TransientFailure as exc:
            raise_wrong_setting(exc)
            if str(exc) != reason:
                reason = str(exc)
                log.warning("waiting for the database: %s", reason)
        if await unless_stopped(asyncio.sleep(pause, result=True), stopping) is None:
            return None
    raise AssertionError("pauses have no end")


async def unless_stopped(work: Coroutine[Any, Any, T], stopping: asyncio.Event) -> T | None:
    """Return the result of the work; cancel it and return None once ``stopping`` is set."""
    task, stop = asyncio.create_task(work), asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
        return task.result() if task.done() else None
    finally:
        task.cancel()
        stop.cancel()
