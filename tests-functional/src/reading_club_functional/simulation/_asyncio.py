"""The parts of asyncio that the seeded loop touches and that are not documented.

They are the same from Python 3.11 to 3.14: ``BaseEventLoop._selector``, which is asked with a
timeout in ``_run_once``; ``_ready``, from which steps are taken by ``popleft``; ``_scheduled``;
``Handle._context``, ``_callback`` and ``_cancelled``; ``Task._log_destroy_pending``. If one of them
changes, ``test_simulation.py`` fails: no run would be the same as its replay.
"""
# ruff: noqa: SLF001  # the parts that are named above

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from reading_club_functional.simulation.processes import CURRENT, Process


class Jump:
    """In place of the selector: it does not wait, the clock jumps to the next timer."""

    def __init__(self, jump: Callable[[float | None], None]) -> None:
        self._jump = jump

    def select(self, timeout: float | None) -> Sequence[Any]:
        """Jump over the timeout, which is None if there is no timer."""
        self._jump(timeout)
        return []


class ReadySteps(deque[Any]):
    """The ready steps, of which asyncio takes the first: here it is the one that is picked."""

    def __init__(self, pick: Callable[["ReadySteps"], asyncio.Handle]) -> None:
        super().__init__()
        self._pick = pick

    def popleft(self) -> asyncio.Handle:
        """Remove and return the step that is picked."""
        return self._pick(self)

    def take(self, index: int) -> asyncio.Handle:
        """Remove and return the step at this place."""
        handle: asyncio.Handle = self[index]
        del self[index]
        return handle


def take_over(loop: Any, jump: Jump, ready: ReadySteps) -> None:
    """Let the loop ask for its steps and for its timeouts."""
    loop._selector = jump
    loop._ready = ready


def pending(loop: Any) -> Sequence[asyncio.Handle]:
    """Return the steps that are ready or scheduled."""
    return [*loop._ready, *loop._scheduled]


def owner(handle: Any) -> Process | None:
    """Return the process that a step belongs to."""
    process: Process | None = handle._context.get(CURRENT)
    return process


def is_cancelled(handle: Any) -> bool:
    """Whether the step will not be taken."""
    return bool(handle._cancelled)


def label(handle: Any) -> str:
    """Return the name of a step's task, or of its callback: the same in each run."""
    task = getattr(handle._callback, "__self__", None)
    if isinstance(task, asyncio.Task):
        return task.get_name()
    return str(getattr(handle._callback, "__qualname__", type(handle._callback).__name__))


def forget_pending(task: Any) -> None:
    """Keep asyncio from complaining that the task was not finished."""
    task._log_destroy_pending = False
