"""Waiting for something to become true, with a deadline."""

import time
from collections.abc import Callable
from typing import TypeVar

_PATIENCE = 0.05
"""Of the time that it has taken so far: who waits long asks seldom, and disturbs nobody."""

Answer = TypeVar("Answer")


class NotInTime(AssertionError):
    """What was waited for did not happen before the deadline."""

    def __init__(self, check: object, within: float, answer: object) -> None:
        name = getattr(check, "__qualname__", repr(check))
        super().__init__(f"{name} still gave {answer!r} after {within:g} s")
        self.answer = answer


def eventually(check: Callable[[], Answer], *, within: float = 10.0, every: float = 0.02) -> Answer:
    """Ask again until the answer is true, and return it.

    Seconds throughout. Raises `NotInTime` with the last answer; an error that `check` raises
    ends the wait. A `check` that blocks is not interrupted: give it a timeout of its own.
    """
    start = time.monotonic()
    while not (answer := check()):
        waited = time.monotonic() - start
        if waited >= within:
            raise NotInTime(check, within, answer)
        time.sleep(max(every, waited * _PATIENCE))
    return answer
