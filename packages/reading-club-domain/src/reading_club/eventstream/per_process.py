"""State of one process, which a forked process makes anew."""

import os
from collections.abc import Callable
from typing import Generic, TypeVar

TValue = TypeVar("TValue")


class PerProcess(Generic[TValue]):
    """One value for each process, made by ``make`` at the first use.

    A forked process gets a value of its own. Any number of threads may use the object: all get the
    same value, although ``make`` may be called more than once.
    """

    def __init__(self, make: Callable[[], TValue]) -> None:
        self._make = make
        self._values: dict[int, TValue] = {}

    def get(self) -> TValue:
        """Return the value of this process, made if there is none."""
        value = self.find()
        if value is None:
            # Atomic, without a lock that a fork could copy while it is held.
            value = self._values.setdefault(os.getpid(), self._make())
        return value

    def find(self) -> TValue | None:
        """Return the value of this process, or None if there is none."""
        return self._values.get(os.getpid())

    def pop(self) -> TValue | None:
        """Forget and return the value of this process, or None; the next use makes a new one."""
        return self._values.pop(os.getpid(), None)
