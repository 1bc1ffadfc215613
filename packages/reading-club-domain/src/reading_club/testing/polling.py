"""Polling of a condition, with a deadline."""

import time
from collections.abc import Callable
from typing import Final, TypeVar

_RELATIVE_INTERVAL: Final = 0.05
"""The least polling interval, as a share of the time waited so far: long waits poll less often."""

Answer = TypeVar("Answer")


class NotInTime(AssertionError):
    """The condition was not true before the deadline; ``answer`` is its last value."""

    def __init__(self, check: object, within: float, answer: object) -> None:
        name = getattr(check, "__qualname__", repr(check))
        super().__init__(f"{name} still gave {answer!r} after {within:g} s")
        self.answer = answer


def eventually(check: Callable[[], Answer], *, within: float = 10.0, every: float = 0.02) -> Answer:
    """Call ``check`` until its value is true, and return the value.

    Times are in seconds. Raises NotInTime with the last value; an error of ``check`` ends the
    wait. A ``check`` that blocks needs its own timeout, since it is not interrupted.
    """
    start = time.monotonic()
    while not (answer := check()):
        waited = time.monotonic() - start
        if waited >= within:
            raise NotInTime(check, within, answer)
        time.sleep(max(every, waited * _RELATIVE_INTERVAL))
    return answer
