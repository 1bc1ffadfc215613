"""Watches in the database whether the subscriber of a worker is paused."""

import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from reading_club.adapters.eventstream.event_loop_thread import EventLoopThread
from reading_club.eventstream.unit_of_work import UnitOfWorkFactory

logger = logging.getLogger(__name__)

POLL_INTERVAL: Final = 2.0
"""Seconds between two queries for the pause: a worker obeys within 5 s."""
FIRST_TIMEOUT: Final = 5.0
"""Seconds that a starting worker waits for the first answer."""


class PauseWatcher:
    """Reads each 2 s whether a subscriber is paused, by one SELECT, and calls ``on_poll``.

    While the database does not answer, the last answer holds. The queries run on the process's
    event loop, and end with it.
    """

    def __init__(
        self,
        subscriber: str,
        loop: EventLoopThread[UnitOfWorkFactory],
        interval: float = POLL_INTERVAL,
    ) -> None:
        self.is_paused = False
        self.is_failing = False
        """Whether the last query failed."""
        self.on_poll: Callable[[], None] = lambda: None
        """Called on the event loop after each query, whatever its answer."""
        self._subscriber = subscriber
        self._loop = loop
        self._interval = interval

    def start(self) -> None:
        """Read once, waiting for the answer, and then repeatedly until the loop is closed."""
        # Without an answer the subscriber counts as not paused: nothing takes effect meanwhile.
        with suppress(Exception):
            self._loop.start(self._read).result(FIRST_TIMEOUT)
        self._loop.repeat(self._poll, self._interval)

    async def _poll(self, make_uow: UnitOfWorkFactory) -> None:
        await self._read(make_uow)
        self.on_poll()

    async def _read(self, make_uow: UnitOfWorkFactory) -> None:
        try:
            async with make_uow() as transaction:
                is_paused = await transaction.uow.pauses.is_paused(self._subscriber)
                await transaction.rollback()
        except Exception as exc:  # noqa: BLE001  # a worker that cannot ask goes on as before
            self._log_failure(exc)
            return
        self.is_failing = False
        if is_paused != self.is_paused:
            self.is_paused = is_paused
            change = "is paused: its worker consumes nothing" if is_paused else "is resumed"
            logger.info("%s %s", self._subscriber, change, extra={"subscriber": self._subscriber})

    def _log_failure(self, error: Exception) -> None:
        """Log the first failure of a series."""
        if not self.is_failing:
            fields = {"subscriber": self._subscriber, "error": type(error).__name__}
            logger.warning("not known whether the subscriber is paused", extra=fields)
        self.is_failing = True
