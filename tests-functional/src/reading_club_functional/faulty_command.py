"""The command ``reading-club`` with faulty handlers: ``python -m …faulty_command worker …``.

The environment variable HANDLER_FAULTS lists faults of the handler of BookRegistered, each with
the beginning of the titles that it applies to; by default `DEFAULT`:

- ``fails:Failing``: the handler raises;
- ``dies:Killing``: the handler ends its process by SIGKILL;
- ``waits:``: the handler creates the file HANDLER_FAULT_FILE and waits until the file is deleted;
- ``slows:``: the handler takes 20 ms longer, so that events wait for it;
- ``missing``: the subscriber has no such handler, as in an older release.

The environment variable CLOCK_OFFSET, in seconds, is added to the clock.
"""

import asyncio
import ctypes
import importlib
import os
import signal
import sys
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

from reading_club.app.cli import main
from reading_club.domain.messages import BookRegistered, BookRegisteredV2
from reading_club.eventstream.subscriber import EventHandler, Subscriber
from reading_club.service.subscribers import SUBSCRIBERS
from reading_club.service.uow import AbstractUnitOfWork
from reading_club_functional.polling import eventually

MODULE = "reading_club_functional.faulty_command"
FAILING, KILLING = "Failing", "Killing"
DEFAULT = f"fails:{FAILING},dies:{KILLING}"
CLOCK = "CLOCK_OFFSET"
CAPABILITY_VERSION_3, CAP_DAC_OVERRIDE = 0x20080522, 1 << 1
PATCHED = ("reading_club.", "messagebus.")
Handler = EventHandler[Any, Any]


def inject(fault: str, prefix: str, subscriber: Subscriber[Any, Any]) -> None:
    """Give the subscriber's handlers this fault, for titles that begin with `prefix`."""
    for kind in (BookRegistered, BookRegisteredV2):
        if kind not in subscriber.handlers:
            continue
        handler = subscriber.handlers.pop(kind)  # replaced below
        if fault != "missing":
            subscriber.on(kind)(_faulty(handler, fault, prefix))


def _faulty(handler: Handler, fault: str, prefix: str) -> Handler:
    async def faulty(event: BookRegistered | BookRegisteredV2, uow: AbstractUnitOfWork) -> None:
        await handler(event, uow)
        if event.title.startswith(prefix):
            await _apply(fault)

    return faulty


async def _apply(fault: str) -> None:
    if fault == "fails":
        raise ZeroDivisionError("the handler fails")
    if fault == "dies":
        os.kill(os.getpid(), signal.SIGKILL)
    if fault == "slows":
        await asyncio.sleep(0.02)
        return
    await asyncio.to_thread(_wait, Path(os.environ["HANDLER_FAULT_FILE"]))


def _wait(marker: Path) -> None:
    marker.touch()
    eventually(lambda: not marker.exists(), within=120)


class ShiftedDatetime(datetime):
    """A datetime whose ``now`` is off by CLOCK_OFFSET seconds."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Any:
        """Return the shifted time, as a plain datetime."""
        return datetime.now(tz) + timedelta(seconds=float(os.environ[CLOCK]))


def shift_clock() -> None:
    """Replace ``datetime`` in all imported modules of the club and of the message bus."""
    importlib.import_module("reading_club.app.processes.web")
    for name, module in list(sys.modules.items()):
        if name.startswith(PATCHED) and getattr(module, "datetime", None) is datetime:
            module.datetime = ShiftedDatetime  # type: ignore[attr-defined]  # checked by getattr


def obey_file_modes() -> None:
    """Drop root's capability CAP_DAC_OVERRIDE, which allows writes to read-only files."""
    libc = ctypes.CDLL(None, use_errno=True)
    header, held = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0), (ctypes.c_uint32 * 6)()
    if libc.capget(header, held):
        raise OSError(ctypes.get_errno(), "capget")
    for effective_permitted_or_inheritable in range(3):
        held[effective_permitted_or_inheritable] &= ~CAP_DAC_OVERRIDE
    if libc.capset(header, held):
        raise OSError(ctypes.get_errno(), "capset")


if __name__ == "__main__":
    for each in os.environ.get("HANDLER_FAULTS", DEFAULT).split(","):
        fault, _, title = each.partition(":")
        for listener in SUBSCRIBERS:
            inject(fault, title, listener)
    if CLOCK in os.environ:
        shift_clock()
    if sys.platform == "linux":
        obey_file_modes()
    main()
