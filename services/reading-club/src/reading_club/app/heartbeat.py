"""The heartbeat of this process: a row in the database, updated every 10 seconds."""

import asyncio
import logging
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from importlib.metadata import version
from typing import Final
from uuid import uuid4

from reading_club.eventstream.ports.heartbeats import CLOCK_TOLERANCE, Heartbeats, Process

log = logging.getLogger(__name__)

BEAT_EVERY: Final = 10.0
RETRY_AFTER: Final = 2.0
"""Seconds until the next attempt after a heartbeat that failed."""
REMOVE_TIMEOUT: Final = 2.0

Trouble = Callable[[], str | None]


def this_process(role: str, subscriber: str | None = None) -> Process:
    """Return the identity of this process, a new one for each call."""
    host = socket.gethostname()[:255]
    return Process(uuid4(), role, host, os.getpid(), version("reading-club"), subscriber)


async def keep_beating(
    heartbeats: Heartbeats,
    process: Process,
    trouble: Trouble = lambda: None,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    *,
    alive: Callable[[], bool] = lambda: True,
) -> None:
    """Write heartbeats, while the process is alive, until cancelled.

    Logs a wrong clock and each series of failures once.
    """
    told, failing = False, False
    while True:
        pause = BEAT_EVERY
        if not alive():
            await sleep(RETRY_AFTER)
            continue
        try:
            offset = await heartbeats.beat(process, trouble=trouble())
        except Exception as exc:  # noqa: BLE001  # after any error the next one may succeed
            pause = RETRY_AFTER
            if not failing:
                log.warning("no heartbeat: %s", str(exc) or type(exc).__name__)
            failing = True
        else:
            failing = False
            if not told and abs(offset) > CLOCK_TOLERANCE:
                log.warning("the clock of this machine is %s", clock_error(offset))
            told = True
        await sleep(pause)


def clock_error(offset: float) -> str:
    """Return the offset of a clock, in seconds, as words."""
    side = "ahead of" if offset > 0 else "behind"
    return f"{abs(offset):.0f} s {side} the database's"


@asynccontextmanager
async def beating(
    opened: AbstractAsyncContextManager[Heartbeats],
    process: Process,
    trouble: Trouble = lambda: None,
    *,
    alive: Callable[[], bool] = lambda: True,
) -> AsyncIterator[None]:
    """Open the heartbeats, write them while the block runs, and delete the row at its end.

    None is written while the process is not ``alive``.
    """
    async with opened as heartbeats:
        task = asyncio.create_task(keep_beating(heartbeats, process, trouble, alive=alive))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            with suppress(Exception):  # the row then counts as stale after 30 s
                async with asyncio.timeout(REMOVE_TIMEOUT):
                    await heartbeats.remove(process)
