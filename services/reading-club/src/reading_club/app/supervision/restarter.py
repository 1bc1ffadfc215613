"""Restarts one process whenever it ends."""

import logging
import time
from collections.abc import Callable
from typing import Protocol

from reading_club.app.supervision.restart_policy import PAUSES, RestartPolicy
from reading_club.eventstream.outbox.backoff import Backoff

log = logging.getLogger(__name__)


class Restartable(Protocol):
    """A process that can be started again."""

    name: str

    @property
    def exit_code(self) -> int | None:
        """The exit code of the process; None while it runs."""
        ...

    @property
    def is_ready(self) -> bool:
        """Whether the process is ready to serve."""
        ...

    def start(self) -> None:
        """Start the process."""


class Restarter:
    """Restarts one process whenever it has ended; to be polled, as no method blocks."""

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

    def poll(self) -> None:
        """Record that the process is ready, or schedule its restart, or do one that is due."""
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
