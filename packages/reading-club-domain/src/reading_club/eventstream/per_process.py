"""State of one process, which a forked process makes anew."""

import os
from collections.abc import Callable
from typing import Any, Generic, TypeVar
from weakref import WeakMethod

TValue = TypeVar("TValue")


def call_after_fork(method: Callable[[], object]) -> None:
    """Call a bound method in each forked process, before anything else, while its object exists."""
    known = WeakMethod(method)

    def call() -> None:
        if (method := known()) is not None:
            method()

    os.register_at_fork(after_in_child=call)


class PerProcess(Generic[TValue]):
    """One value for each process, made by ``make`` at the first use.

    A forked process gets a value of its own. Any number of threads may use the object: all get the
    same value, although ``make`` may be called more than once.
    """

    value: TValue | None = None
    """The value of this process, or None if there is none."""

    def __init__(self, make: Callable[[], TValue]) -> None:
        self._make = make
        self._inherited: list[Any] = []
        call_after_fork(self._leave_to_parent)

    def get(self) -> TValue:
        """Return the value of this process, made if there is none."""
        value = self.value
        if value is None:
            # Atomic, without a lock that a fork could copy while it is held.
            value = vars(self).setdefault("value", self._make())
        return value

    def pop(self) -> TValue | None:
        """Forget and return the value of this process, or None; the next use makes a new one."""
        value: TValue | None = vars(self).pop("value", None)
        return value

    def _leave_to_parent(self) -> None:
        """Forget the parent's value, and keep it from being closed here by its destructor."""
        self._inherited.append(self.pop())
