"""The relay process: relays the outbox, reconciles missing events and deletes old rows."""

import asyncio
import logging
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass

from reading_club.app.bootstrap.database import open_heartbeats
from reading_club.app.bootstrap.relay import Prune, open_relay
from reading_club.app.heartbeat import beating, this_process
from reading_club.app.processes.startup import stop_signals, when_available
from reading_club.app.settings import Settings
from reading_club.app.supervision.readiness import report_ready
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


def relay(settings: Settings) -> None:
    """Relay events until SIGINT or SIGTERM; at the start, wait for an unavailable database.

    Raises ConfigurationError if this release does not work with the schema.
    """
    asyncio.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    async with AsyncExitStack() as stack:
        stopping = stack.enter_context(stop_signals())
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
        tasks.create_task(_reconcile(opened.reconciler, stopping, trouble))
        tasks.create_task(_prune(opened.prune, stopping))
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


async def _reconcile(reconciler: Reconciler, stopping: asyncio.Event, trouble: Trouble) -> None:
    while not stopping.is_set():
        try:
            if found := await reconciler.run_once():
                log.warning("%s events did not arrive, and are sent again", found)
            trouble.text = None
        except TransientFailure as exc:
            trouble.text = f"not reconciled: {exc}"
            log.warning("not reconciled: %s", exc)
        await _wait(stopping, min(RECONCILE_EVERY, reconciler.after))


async def _prune(prune: Prune, stopping: asyncio.Event) -> None:
    while not stopping.is_set():
        try:
            if pruned := {name: n for name, n in (await prune()).items() if n}:
                log.info("forgot what is too old: %s", pruned)
        except TransientFailure as exc:
            log.warning("not pruned: %s", exc)
        await _wait(stopping, PRUNE_EVERY)


async def _wait(stopping: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stopping.wait(), seconds)
