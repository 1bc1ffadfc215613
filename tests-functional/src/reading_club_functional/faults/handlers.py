"""The command ``reading-club`` with faults of its own: ``python -m …faults.handlers worker …``.

The handler of BookRegistered raises for titles that begin with FAILING, and ends its process by
SIGKILL for titles that begin with KILLING. FAULTY_CLOCK is added to the clock, in seconds.
"""

import os
import sys
from datetime import datetime, timedelta, tzinfo
from typing import Any

from reading_club.app.cli import main
from reading_club.service.projections import SUBSCRIBERS
from reading_club_functional.moody import behave

MODULE = __name__ if __name__ != "__main__" else "reading_club_functional.faults.handlers"
FAILING, KILLING = "Failing", "Killing"
CLOCK = "FAULTY_CLOCK"
PATCHED = ("reading_club.", "messagebus.")


class ShiftedDatetime(datetime):
    """A datetime whose ``now`` is off by FAULTY_CLOCK seconds."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Any:
        """Return the shifted time, as a plain datetime."""
        return datetime.now(tz) + timedelta(seconds=float(os.environ[CLOCK]))


def shift_clock() -> None:
    """Replace the class in all modules of the club and of the message bus."""
    import reading_club.app.serve

    assert reading_club.app.serve
    for name, module in list(sys.modules.items()):
        if name.startswith(PATCHED) and getattr(module, "datetime", None) is datetime:
            module.datetime = ShiftedDatetime  # type: ignore[attr-defined]  # it is there


if __name__ == "__main__":
    for each in SUBSCRIBERS:
        behave(each, "fails", FAILING)
        behave(each, "dies", KILLING)
    if CLOCK in os.environ:
        shift_clock()
    main()
