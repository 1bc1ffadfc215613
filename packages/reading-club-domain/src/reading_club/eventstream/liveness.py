"""Whether a process does its work: its parts report progress, and one that hangs does not."""

import asyncio
import itertools
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

STALLED_AFTER: Final = 300.0
"""Seconds without progress after which a part counts as hanging: more than the longest handler."""
EVENT_LOOP: Final = "the event loop"
_TICK: Final = 1.0
"""Seconds between two reports of an event loop."""


class Liveness:
    """The progress of the parts of one process; any thread may report it, and ask for it.

    A part is a loop, which calls ``progress`` at each turn, or a piece of work, which has to end.
    One that does neither for ``within`` seconds of ``clock`` hangs, and so the process is not
    alive. An outage of broker or database is no such case: attempts fail, and waits are turns of
    a loop. A process of which no part is known is alive.
    """

    def __init__(
        self, within: float = STALLED_AFTER, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.within = within
        self._clock = clock
        self._lock = threading.Lock()
        self._due: dict[object, tuple[float, str]] = {}
        self._numbers = itertools.count()

    def progress(self, loop: str) -> None:
        """Report a turn of this loop, which has to report the next one in time."""
        self._expect(loop, loop, self.within)

    def forget(self, loop: str) -> None:
        """Expect no more turns of this loop, which has ended."""
        with self._lock:
            self._due.pop(loop, None)

    @contextmanager
    def working(self, work: str, *, at_least: float = 0.0) -> Iterator[None]:
        """Expect the block to end in time; ``at_least`` is for work that may take longer."""
        key = (work, next(self._numbers))
        self._expect(key, work, max(self.within, at_least))
        try:
            yield
        finally:
            with self._lock:
                del self._due[key]

    def alive(self) -> bool:
        """Whether every part has made progress in time."""
        return self.stalled() is None

    def stalled(self) -> str | None:
        """Return which part hangs, and for how long it is overdue; None if none does."""
        now = self._clock()
        with self._lock:
            due, part = min(self._due.values(), default=(now, ""))
        return f"{part} makes no progress, {now - due:.0f} s beyond its time" if due < now else None

    def _expect(self, key: object, part: str, within: float) -> None:
        due = self._clock() + within
        with self._lock:
            self._due[key] = due, part


async def tick(liveness: Liveness, loop: str = EVENT_LOOP) -> None:
    """Report turns of the running event loop until cancelled."""
    try:
        while True:
            liveness.progress(loop)
            await asyncio.sleep(_TICK)
    finally:
        liveness.forget(loop)


@asynccontextmanager
async def ticking(liveness: Liveness) -> AsyncIterator[None]:
    """Report turns of the running event loop during the block."""
    task = asyncio.create_task(tick(liveness))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
