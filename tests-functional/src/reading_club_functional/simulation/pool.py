"""The threads of a simulated worker: its own one, which is the loop, and those of its pool."""

from collections.abc import Callable
from contextvars import copy_context
from functools import partial
from typing import Any

from reading_club_functional.simulation.delivered import Received
from reading_club_functional.simulation.seeded_loop import SeededLoop
from reading_club_functional.simulation.stopping import LOOK_EVERY
from reading_club_functional.simulation.threads import SimulatedThread


class WorkerThreads:
    """Calls work in threads of the pool, and in the worker's own thread unless that is blocked."""

    def __init__(self, loop: SeededLoop) -> None:
        self._loop, self._context = loop, copy_context()
        self.in_hand: dict[int, Received] = {}
        """What may be handled at this moment, also of lost connections, by delivery tag."""
        self.is_blocked = False
        """Whether the worker's own thread is occupied, and takes no call."""
        self._pool: list[SimulatedThread] = []
        self._calls = 0

    @property
    def is_busy(self) -> bool:
        """Whether a thread of the pool runs, or the worker's own thread has something to do."""
        return self._calls > 0 or any(thread.is_alive() for thread in self._pool)

    def run_in_pool(self, work: Callable[..., object], *args: Any) -> None:
        """Call the work in a thread."""
        for message in args[0]:
            if message.tag in self.in_hand:
                self.in_hand[message.tag].runs += 1
        thread = SimulatedThread(target=work, args=args, name="pool")
        self._pool = [*filter(SimulatedThread.is_alive, self._pool), thread]
        thread.start()

    def call_soon(self, work: Callable[..., object], *args: Any) -> None:
        """Call the work in the worker's own thread."""
        self._calls += 1
        self._loop.call_soon(self._call, partial(work, *args), context=self._context.copy())

    def _call(self, work: Callable[[], object]) -> None:
        if self.is_blocked:
            self._loop.call_later(LOOK_EVERY, self._call, work, context=self._context.copy())
            return
        self._calls -= 1
        work()

    call_soon_ack = call_soon

    def call_later(self, seconds: float, work: Callable[[], object]) -> None:
        """Call the work in the worker's own thread, after so many seconds."""
        self._loop.call_later(seconds, self.call_soon, work, context=self._context.copy())
