"""Start of a process: wait for an unavailable database until a signal, prepare a subscriber."""

import asyncio
import logging
import signal
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from reading_club.eventstream.dead_letters.commands import replay_parked
from reading_club.eventstream.errors import TransientFailure
from reading_club.eventstream.outbox.backoff import Backoff
from reading_club.eventstream.subscriber import Subscriber
from reading_club.eventstream.unit_of_work import UnitOfWorkFactory

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
    *,
    raise_permanent: Callable[[TransientFailure], None] = lambda _: None,
) -> T | None:
    """Retry the work on TransientFailure; return its result, or None once ``stopping`` is set.

    Without ``stopping``, SIGINT and SIGTERM end the retries. Each new reason is logged once.
    ``raise_permanent`` is called with each failure, and raises an error for one that no retry
    mends: a wrong password, for example.
    """
    stopping, reason = stopping or stop_on_signals(), ""
    for pause in backoff.delays():
        try:
            return await unless_stopped(work(), stopping)
        except TransientFailure as exc:
            raise_permanent(exc)
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


async def prepare(subscriber: Subscriber[Any, Any], make_uow: UnitOfWorkFactory) -> bool:
    """Insert the subscriptions, requeue parked events of types now known, and return True.

    From then on the reconciler covers the subscriber. Raises TransientFailure.
    """
    async with make_uow() as transaction:
        await transaction.uow.subscriptions.subscribe(subscriber.name, subscriber.types)
        replayed = await replay_parked(subscriber, transaction.uow, datetime.now(UTC))
        await transaction.commit()
    if replayed:
        fields = {"subscriber": subscriber.name, "events": len(replayed)}
        log.info("parked events are known now, and are sent again", extra=fields)
    return True
