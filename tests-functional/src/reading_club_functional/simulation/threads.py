"""Threads of simulated processes: greenlets, of which each runs while the loop waits for it.

They stand in for ``threading.Thread``, ``threading.Lock`` and ``queue.Queue`` of production code.
"""

from collections import deque
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import suppress
from contextvars import copy_context
from queue import Empty, Full
from typing import Any, Generic, Self, TypeVar

from greenlet import getcurrent, greenlet  # type: ignore[import-untyped]  # it has no types

from reading_club_functional.simulation.processes import CURRENT

TItem = TypeVar("TItem")


class Dropped(BaseException):
    """Ends the thread of a process that has crashed, after the run."""


class SimulatedThread:
    """A thread that hands control back to the loop where it waits; then it is a step to go on.

    A crash leaves it where it is. An uncaught error goes to ``on_error``.
    """

    def __init__(
        self,
        *,
        target: Callable[..., object],
        args: tuple[Any, ...] = (),
        name: str = "thread",
        daemon: bool = True,
    ) -> None:
        self._target, self._args, self.daemon = target, args, daemon
        process = CURRENT.get()
        self._loop = process.loop
        self.name = process.numbered(name)
        self._steps = copy_context()
        self._turn = 0
        self._alive = False
        self._notified = False
        self._joining: list[SimulatedThread] = []

    def start(self) -> None:
        """Make the thread's first step ready."""
        self._alive = True
        self._greenlet = greenlet(self._run)
        setattr(self._greenlet, "thread", self)  # noqa: B010  # greenlets have a dictionary
        self._greenlet.gr_context = copy_context()
        self._loop.finishers.append(self._drop)
        self._ready()

    def is_alive(self) -> bool:
        """Whether the thread was started and has not ended."""
        return self._alive

    def join(self, timeout: float | None = None) -> None:
        """Wait in another simulated thread until this one has ended, up to ``timeout``."""
        if self._alive and (caller := current_thread()) is not None:
            self._joining.append(caller)
            caller.wait(timeout)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait up to ``timeout`` seconds; return whether ``notify`` has ended the wait."""
        self._notified = False
        timer = None
        if timeout is not None:
            steps = self._steps.copy()
            timer = self._loop.call_later(timeout, self._resume, self._turn, context=steps)
        self._hub.switch()
        if timer is not None:
            timer.cancel()
        return self._notified

    def notify(self) -> None:
        """Make the next step of the waiting thread ready."""
        if not self._notified:
            self._notified = True
            self._ready()

    def _ready(self) -> None:
        self._loop.call_soon(self._resume, self._turn, context=self._steps.copy())

    def _resume(self, turn: int) -> None:
        """Let the thread run until it waits or ends: one step, unless that was taken before."""
        if self._alive and turn == self._turn:
            self._turn += 1
            self._hub = getcurrent()
            self._greenlet.parent = self._hub
            self._greenlet.switch()

    def _run(self) -> None:
        try:
            self._target(*self._args)
        except Dropped:
            pass
        except Exception as exc:  # noqa: BLE001  # reported by the run
            self._loop.failure = exc
        finally:
            self._alive = False
            if not self._loop.over:
                for waiting in self._joining:
                    waiting.notify()

    def _drop(self) -> None:
        """End the thread after the run, if it waits somewhere."""
        if self._alive and self._greenlet:
            self._greenlet.parent = getcurrent()
            self._greenlet.throw(Dropped)


class SimulatedFuture(Future[TItem]):
    """A future whose result a simulated thread waits for."""

    def result(self, timeout: float | None = None) -> TItem:
        """Return the result. Raises TimeoutError after ``timeout`` virtual seconds."""
        thread = current_thread()
        if thread is not None and not self.done():
            self.add_done_callback(lambda _: thread.notify())
            thread.wait(timeout)
        return super().result(0)


def current_thread() -> SimulatedThread | None:
    """Return the simulated thread that runs; None in a step of the loop itself."""
    thread: SimulatedThread | None = getattr(getcurrent(), "thread", None)
    return thread


def sleep(seconds: float) -> None:
    """Let a simulated thread wait, also for 0 seconds, which lets others run."""
    thread = current_thread()
    if thread is not None:
        thread.wait(seconds)


def run_coroutine(coroutine: Coroutine[Any, Any, None]) -> None:
    """Do in a simulated thread what ``asyncio.run`` does: all that is awaited are its own waits."""
    with suppress(StopIteration):
        coroutine.send(None)
        raise RuntimeError("a simulated thread has no event loop to wait on")


class SimulatedQueue(Generic[TItem]):
    """``queue.Queue`` with one reader, a simulated thread."""

    def __init__(self, maxsize: int = 0) -> None:
        self._maxsize = maxsize
        self._items: deque[TItem] = deque()
        self._reader: SimulatedThread | None = None

    def qsize(self) -> int:
        """Return how many items wait."""
        return len(self._items)

    def put_nowait(self, item: TItem) -> None:
        """Append an item. Raises Full."""
        if 0 < self._maxsize <= len(self._items):
            raise Full
        self._items.append(item)
        if self._reader is not None:
            self._reader.notify()

    def get_nowait(self) -> TItem:
        """Remove and return the first item. Raises Empty."""
        if not self._items:
            raise Empty
        return self._items.popleft()

    def get(self, block: bool = True, timeout: float | None = None) -> TItem:  # noqa: FBT001, FBT002  # as declared by queue
        """Remove and return the first item, waiting for it up to ``timeout``. Raises Empty."""
        if block and not self._items:
            self._reader = current_thread()
            assert self._reader is not None
            self._reader.wait(timeout)
            self._reader = None
        return self.get_nowait()


class SimulatedLock:
    """``threading.Lock`` for simulated threads: a thread that has to wait hands control back."""

    def __init__(self) -> None:
        self._held = False

    def __enter__(self) -> Self:
        while self._held:
            sleep(0.0)
        self._held = True
        return self

    def __exit__(self, *_: object) -> None:
        self._held = False
