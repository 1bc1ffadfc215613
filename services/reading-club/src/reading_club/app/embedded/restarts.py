"""When a process that has ended is started again."""

import logging
import time
from collections.abc import Callable
from typing import Final, Protocol

from reading_club.service.backoff import Backoff

log = logging.getLogger(__name__)

PAUSES: Final = Backoff(first=0.1, cap=10.0)
STEADY: Final = 10.0
"""Seconds for which a process has to be ready for the pauses to begin again from the first."""
NO_PROGRESS: Final = 300.0
"""Seconds without being ready after which a process is tried rarely."""
RARELY: Final = 60.0


class RestartPolicy:
    """Growing pauses, which begin again when the process was ready for a while.

    How often a process ends does not matter: an event that kills its worker is set aside after
    some attempts, which need the worker. A process that does not become ready for minutes is
    started once a minute. Times are seconds by ``clock``.
    """

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, backoff: Backoff = PAUSES
    ) -> None:
        self._clock = clock
        self._backoff = backoff
        self._pauses = backoff.delays()
        self._ready_at = clock()
        self._ready_since: float | None = None

    def record_ready(self) -> None:
        """Note that the process is ready at this moment."""
        self._ready_at = self._clock()
        if self._ready_since is None:
            self._ready_since = self._ready_at
        if self._ready_at - self._ready_since >= STEADY:
            self._pauses = self._backoff.delays()

    def next_pause(self) -> float:
        """Return how long to wait before the next start of a process that has ended."""
        self._ready_since = None
        if self._clock() - self._ready_at >= NO_PROGRESS:
            return RARELY
        return next(self._pauses)


class Restartable(Protocol):
    """A process that can be started again."""

    name: str

    @property
    def exit_code(self) -> int | None:
        """How the process ended; None while it runs."""
        ...

    @property
    def is_ready(self) -> bool:
        """Whether it serves."""
        ...

    def start(self) -> None:
        """Start it."""


class Keeper:
    """Starts one process again each time that it ends, without waiting for anything."""

    def __init__(
        self,
        process: Restartable,
        clock: Callable[[], float] = time.monotonic,
        backoff: Backoff = PAUSES,
    ) -> None:
        self._process = process
        self._clock = clock
        self._policy = RestartPolicy(clock, backoff)
        self._start_at: float | None = None

    def look(self) -> None:
        """Note that the process is ready, or plan its next start, or start it if it is time."""
        if self._process.exit_code is None:
            if self._process.is_ready:
                self._policy.record_ready()
        elif self._start_at is None:
            self._plan(self._process.exit_code)
        elif self._clock() >= self._start_at:
            self._start_at = None
            self._process.start()

    def _plan(self, exit_code: int) -> None:
        pause = self._policy.next_pause()
        self._start_at = self._clock() + pause
        log.error(
            "%s ended with %s: it is started again in %.1f s", self._process.name, exit_code, pause
        )
