"""The heartbeat of this process: a row in the database, updated every 10 seconds."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Final

from reading_club.adapters.eventstream.event_loop_thread import EventLoopThread
from reading_club.adapters.uow_sqla import orm
from reading_club.adapters.uow_sqla.eventstream.heartbeats import SQLHeartbeats
from reading_club.app.composition import open_engine
from reading_club.app.settings import Settings
from reading_club.eventstream.ports.heartbeats import CLOCK_TOLERANCE, Heartbeats, Process

log = logging.getLogger(__name__)

BEAT_EVERY: Final = 10.0
RETRY_AFTER: Final = 2.0
"""Seconds until the next attempt after a heartbeat that failed."""
REMOVE_TIMEOUT: Final = 2.0

Trouble = Callable[[], str | None]


def no_trouble() -> str | None:
    """Return None: nothing is wrong."""
    return None


async def keep_beating(
    heartbeats: Heartbeats,
    process: Process,
    trouble: Trouble = no_trouble,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Write heartbeats until cancelled. Logs a wrong clock and each series of failures once."""
    told, failing = False, False
    while True:
        pause = BEAT_EVERY
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
    settings: Settings, process: Process, trouble: Trouble = no_trouble
) -> AsyncIterator[None]:
    """Write heartbeats while the block runs, on an engine of their own; then delete the row."""
    async with open_engine(settings) as engine:
        heartbeats = SQLHeartbeats(engine, orm.stream)
        task = asyncio.create_task(keep_beating(heartbeats, process, trouble))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            with suppress(Exception):  # the row then counts as stale after 30 s
                async with asyncio.timeout(REMOVE_TIMEOUT):
                    await heartbeats.remove(process)


@contextmanager
def beating_in_thread(settings: Settings, process: Process) -> Iterator[None]:
    """Write heartbeats while the block runs, in a thread, for a process without an event loop."""
    thread = EventLoopThread(lambda: beating(settings, process))
    thread.run(_begin)
    try:
        yield
    finally:
        with suppress(TimeoutError):
            thread.close()


async def _begin(_: None) -> None:
    """Do nothing: the first call starts the thread."""
