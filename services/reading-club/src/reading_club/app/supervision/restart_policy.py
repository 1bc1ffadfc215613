"""Restarts of child processes with backoff."""

import time
from collections.abc import Callable
from typing import Final

from reading_club.eventstream.outbox.backoff import Backoff

PAUSES: Final = Backoff(first=0.1, cap=10.0)
STEADY: Final = 10.0
"""Seconds that a process has to be ready before the pauses start over from the first."""
NO_PROGRESS: Final = 300.0
"""Seconds without being ready after which a process is restarted every RARELY seconds."""
RARELY: Final = 60.0


class RestartPolicy:
    """Growing pauses, which start over after the process was ready for STEADY seconds.

    The number of restarts is unlimited: an event that kills its worker becomes a dead letter only
    after several attempts in a worker. A process that was not ready for NO_PROGRESS seconds is
    restarted once a minute. Times are seconds by ``clock``.
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
        """Record that the process is ready now."""
        self._ready_at = self._clock()
        if self._ready_since is None:
            self._ready_since = self._ready_at
        if self._ready_at - self._ready_since >= STEADY:
            self._pauses = self._backoff.delays()

    def next_pause(self) -> float:
        """Return the seconds to wait before the next start of a process that has ended."""
        self._ready_since = None
        if self._clock() - self._ready_at >= NO_PROGRESS:
            return RARELY
        return next(self._pauses)
