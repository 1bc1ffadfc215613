"""The command ``reading-club`` with faulty handlers: ``python -m …faults.handlers worker …``.

The handler of BookRegistered raises for titles that begin with FAILING, and ends its process by
SIGKILL for titles that begin with KILLING. The environment variable FAULTY_CLOCK, in seconds, is
added to the clock.
"""

import ctypes
import os
import sys
from datetime import datetime, timedelta, tzinfo
from typing import Any

from reading_club.app.cli import main
from reading_club.service.projections import SUBSCRIBERS
from reading_club_functional.faulty_handlers import inject

MODULE = __name__ if __name__ != "__main__" else "reading_club_functional.faults.handlers"
FAILING, KILLING = "Failing", "Killing"
CLOCK = "FAULTY_CLOCK"
CAPABILITY_VERSION_3, CAP_DAC_OVERRIDE = 0x20080522, 1 << 1
PATCHED = ("reading_club.", "messagebus.")


class ShiftedDatetime(datetime):
    """A datetime whose ``now`` is off by FAULTY_CLOCK seconds."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Any:
        """Return the shifted time, as a plain datetime."""
        return datetime.now(tz) + timedelta(seconds=float(os.environ[CLOCK]))


def shift_clock() -> None:
    """Replace ``datetime`` in all imported modules of the club and of the message bus."""
    import reading_club.app.serve

    assert reading_club.app.serve
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
    for each in SUBSCRIBERS:
        inject("fails", each, FAILING)
        inject("dies", each, KILLING)
    if CLOCK in os.environ:
        shift_clock()
    if sys.platform == "linux":
        obey_file_modes()
    main()
