"""The relay process: relays the outbox, reconciles missing events and deletes old rows."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from functools import partial

from reading_club.app.bootstrap.database import open_heartbeats
from reading_club.app.bootstrap.relay import Prune, open_relay
from reading_club.app.heartbeat import beating, this_process
from reading_club.app.processes.startup import stop_on_signals, when_available
from reading_club.app.settings import Settings
from reading_club.app.supervision.child import report_ready
from reading_club.eventstream.errors import TransientFailure
from reading_club.eventstream.reconciler import Reconciler

log = logging.getLogger(__name__)

RECONCILE_EVERY = 60.0
PRUNE_EVERY = 3600.0
"""Seconds between two runs."""


@dataclass
class Trouble:
    """The latest failure of the reconciler, reported by the heartbeat; None if it succeeded."""

    text: str | None = None


async def relay(settings: Settings) -> None:
    """Relay events until SIGINT or SIGTERM; at the start, wait for an unavailable database.

    Raises ConfigurationError if this release does not work with the schema.
    """
    async with AsyncExitStack() as stack:
        stopping = stop_on_signals()
        opened = await when_available(
            lambda: stack.enter_async_context(open_relay(settings)), stopping
        )
        if opened is None:
            return
        trouble = Trouble()
        beats = beating(open_heartbeats(settings), this_process("relay"), lambda: trouble.text)
        await stack.enter_async_context(beats)
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        tasks.create_task(opened.relay.run(stopping))
        reconcile = partial(_reconcile, opened.reconciler, trouble)
        pause = min(RECONCILE_EVERY, opened.reconciler.after)
        tasks.create_task(_repeat(reconcile, pause, stopping))
        tasks.create_task(_repeat(partial(_prune, opened.prune), PRUNE_EVERY, stopping))
        log.info("the relay is ready")
        report_ready()


async def reconcile_now(settings: Settings) -> tuple[int, bool]:
    """Requeue missing events and relay the outbox once.

    Returns the number of missing events, and whether the outbox was relayed completely. Raises
    EventstreamUnavailable if the broker is unavailable from the start.
    """
    async with open_relay(settings) as opened:
        found = await opened.reconciler.run_once()
        return found, await opened.relay.drain()


async def _repeat(
    work: Callable[[], Awaitable[None]], pause: float, stopping: asyncio.Event
) -> None:
    while not stopping.is_set():
        await work()
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), pause)


async def _reconcile(reconciler: Reconciler, trouble: Trouble) -> None:
    try:
        if found := await reconciler.run_once():
            log.warning("%s events did not arrive, and are sent again", found)
        trouble.text = None
    except TransientFailure as exc:
        trouble.text = f"not reconciled: {exc}"
        log.warning("not reconciled: %s", exc)


async def _prune(prune: Prune) -> None:
    try:
        if pruned := {name: n for name, n in (await prune()).items() if n}:
            log.info("forgot what is too old: %s", pruned)
    except TransientFailure as exc:
        log.warning("not pruned: %s", exc)
