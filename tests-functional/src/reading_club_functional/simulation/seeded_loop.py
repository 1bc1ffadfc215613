"""An event loop whose order of steps comes from a tape, and whose clock jumps."""

import asyncio
import hashlib
from asyncio.base_events import BaseEventLoop
from collections.abc import Callable, Coroutine
from contextlib import suppress
from contextvars import Context
from typing import Any, Final

from reading_club_functional.simulation._asyncio import (
    Jump,
    ReadySteps,
    forget_pending,
    is_cancelled,
    label,
    owner,
    pending,
    take_over,
)
from reading_club_functional.simulation.processes import CURRENT, Process
from reading_club_functional.simulation.tape import DeviatingTape, Tape

STALL: Final = 12.0
"""Seconds of a stall: more than any lease."""
LONGEST: Final = 200_000
"""The most steps of a run: more is a run that does not end."""

WORLD: Final = "world"
"""The process that starts the others and does the faults: no crash or deviation meets it."""


class Stuck(Exception):
    """Nothing is ready and nothing is scheduled, or there is no end of steps."""


class SeededLoop(BaseEventLoop):
    """Takes one of the ready steps by the tape; time passes only if none is ready, by a jump.

    Each step is noted in a trace, whose hash is the same for the same tape. Steps of dead processes
    are dropped. Blocking calls in an executor are steps of the loop.
    """

    def __init__(self, tape: Tape) -> None:
        super().__init__()
        take_over(self, Jump(self._jump), ReadySteps(self.next_step))
        self.tape = tape
        self.passed = 0.0
        self.steps = 0
        self.story: list[str] = []
        self.over = False
        """Whether the run has ended: what is left is thrown away, and takes no further step."""
        self.violation: Exception | None = None
        self.failure: Exception | None = None
        """What a thread did not catch."""
        self.finishers: list[Callable[[], None]] = []
        """End what a crash left behind, after the run."""
        self.world_context = Context()
        self._hash = hashlib.sha256()
        self._tasks: list[asyncio.Task[Any]] = []
        self.set_task_factory(self._make_task)

    def time(self) -> float:
        """Return the virtual seconds since the start."""
        return self.passed

    @property
    def trace(self) -> str:
        """The hash of all steps and notes so far."""
        return self._hash.hexdigest()

    def note(self, what: str) -> None:
        """Add an observation to the trace and to the story."""
        self.story.append(f"{self.passed:9.3f}  {what}")
        self._hash.update(f"{self.passed!r} {what}\n".encode())

    def next_step(self, ready: ReadySteps) -> asyncio.Handle:
        """Take a step by the tape; a cancelled one means none. Raises the violation, or Stuck."""
        if self.violation is not None:
            raise self.violation
        handle = ready.take(self.tape.pick(len(ready)))
        process = owner(handle)
        if process is None or is_cancelled(handle):
            return handle
        self.steps += 1
        if self.steps > LONGEST:
            raise Stuck(f"no end after {LONGEST} steps")
        if isinstance(self.tape, DeviatingTape) and process.name != WORLD:
            kind = self.tape.deviation(self.steps, with_others=len(ready) > 0)
            handle = self._deviate(kind, handle, process, ready)
            process = owner(handle) or process
        if process.alive and process.burns():
            process.crash()
        if not process.alive:
            handle.cancel()
        else:
            self._hash.update(f"{self.passed!r} {process.name} {label(handle)}\n".encode())
        return handle

    def _deviate(
        self, kind: str, handle: asyncio.Handle, process: Process, ready: ReadySteps
    ) -> asyncio.Handle:
        if kind == "later" and len(ready):
            ready.append(handle)
            return ready.take(0)
        if kind == "stall":
            self.call_later(STALL, ready.append, handle, context=Context())
            return asyncio.Handle(_nothing, (), self, Context())
        if kind == "crash":
            process.crash()
        return handle

    def forget(self, process: Process) -> None:
        """Drop all that the process was about to do; references stay, so that nothing is closed."""
        for handle in pending(self):
            if owner(handle) is process:
                handle.cancel()

    def run_world(self, main: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run ``main`` to its end, in a process that does not crash: the world itself."""
        context: Context = self.world_context
        context.run(CURRENT.set, Process(WORLD, self))
        task = context.run(self.create_task, main())
        self.run_until_complete(task)

    def start_process(
        self, process: Process, main: Callable[[], Coroutine[Any, Any, None]]
    ) -> asyncio.Task[None]:
        """Run ``main`` as a task whose tasks, callbacks and threads belong to the process."""
        context = Context()
        context.run(CURRENT.set, process)
        return context.run(self.create_task, main())

    def run_in_executor(  # type: ignore[override]  # whatever the executor is
        self, _: Any, func: Callable[..., Any], *args: Any
    ) -> "asyncio.Future[Any]":
        """Call ``func`` in a step of its own; its result comes after a delay of the tape."""
        done = self.create_future()

        def call() -> None:
            try:
                result = func(*args)
            except Exception as exc:  # noqa: BLE001  # the caller gets it
                self.call_later(self.tape.delay(), _settle, done, done.set_exception, exc)
            else:
                self.call_later(self.tape.delay(), _settle, done, done.set_result, result)

        self.call_later(self.tape.delay(), call)
        return done

    def dispose(self) -> None:
        """Close what crashes have left; it cannot do anything to the simulated world any more."""
        self.over = True
        for finish in self.finishers:
            finish()
        for task in self._tasks:
            if not task.done():
                forget_pending(task)
                with suppress(BaseException):
                    coroutine: Any = task.get_coro()
                    coroutine.close()
        self.close()

    def _make_task(self, loop: Any, coro: Any, **options: Any) -> asyncio.Task[Any]:
        process = CURRENT.get()
        options["name"] = process.numbered(getattr(coro, "__qualname__", "task"))
        task: asyncio.Task[Any] = asyncio.Task(coro, loop=loop, **options)
        self._tasks.append(task)
        return task

    def _jump(self, seconds: float | None) -> None:
        if seconds is None:
            raise Stuck("nothing is ready and nothing is scheduled")
        self.passed += seconds

    def _process_events(self, _: object) -> None:
        """There are no sockets."""

    def _write_to_self(self) -> None:
        """No selector waits that would have to be woken."""


def _settle(done: "asyncio.Future[Any]", settle: Callable[[Any], None], value: Any) -> None:
    if not done.done():
        settle(value)


def _nothing() -> None:
    """In place of a step that is postponed."""
