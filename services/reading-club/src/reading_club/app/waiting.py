"""Processes that start while their database is away: they wait for it, and go on."""

import asyncio
import logging
import signal
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar

from reading_club.adapters.uow_sqla import configuration_fault
from reading_club.app.addresses import ConfigurationError
from reading_club.domain.errors import TransientFailure
from reading_club.service.backoff import Backoff

log = logging.getLogger(__name__)

T = TypeVar("T")

PAUSES: Final = Backoff(first=0.5, cap=10.0)
"""Seconds between two attempts."""


@contextmanager
def stop_signals() -> Iterator[asyncio.Event]:
    """Lend an event that SIGINT and SIGTERM set, as long as the running loop listens to them."""
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    yield stopping


async def when_available(
    work: Callable[[], Coroutine[Any, Any, T]],
    stopping: asyncio.Event,
    backoff: Backoff = PAUSES,
) -> T | None:
    """Return what the work returns once the database is there; None if it is time to stop.

    A reason for waiting is logged when it changes. Raises ConfigurationError for what does not
    pass by itself.
    """
    reason = ""
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
    """Return what the work returns, or None as soon as it is time to stop."""
    task, stop = asyncio.create_task(work), asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
        return task.result() if task.done() else None
    finally:
        task.cancel()
        stop.cancel()


def raise_wrong_setting(exc: BaseException) -> None:
    """Raise ConfigurationError if this error is one of the settings."""
    if fault := configuration_fault(exc):
        raise ConfigurationError(
            f"{fault} (READING_CLUB_DATABASE_URL, or READING_CLUB_DATA_DIR without it)"
        ) from exc


def run_until_available(work: Callable[[], Coroutine[Any, Any, T]]) -> T | None:
    """Do the work in an event loop of its own; None if it is time to stop before it is done."""

    async def wait() -> T | None:
        with stop_signals() as stopping:
            return await when_available(work, stopping)

    return asyncio.run(wait())
