"""A batch under way: whether it takes effect as a whole, or has to be taken apart."""

import logging
from collections.abc import Sequence
from typing import Final

from reading_club.adapters.eventstream.handling import Handling
from reading_club.adapters.eventstream.holding import BUSY
from reading_club.adapters.eventstream.setting_aside import UnitOfWorkFactory
from reading_club.domain.errors import TransientFailure

logger = logging.getLogger(__name__)

BUSY_ATTEMPTS: Final = 3
"""So often a batch is tried as a whole while the database answers, but is too busy for it."""


class Together:
    """Attempts to let messages take effect in one transaction.

    An outage holds them together. What one of them raises takes them apart, and so does a
    database that is busy again and again: one slow handler does not hold up the others.
    """

    def __init__(self, handling: Handling, messages: Sequence[object]) -> None:
        self._handling = handling
        self._messages = messages
        self._busy = 0
        self.apart = False

    async def attempt(self, make_uow: UnitOfWorkFactory) -> bool:
        """Return True when they have taken effect or have to be taken apart."""
        try:
            await self._handling.together(self._messages, make_uow)
        except TransientFailure as exc:
            self._busy = self._busy + 1 if isinstance(exc, BUSY) else 0
            if self._busy < BUSY_ATTEMPTS:
                raise
            self._take_apart(exc)
        except Exception as exc:  # noqa: BLE001  # whose fault it is shows when each is alone
            self._take_apart(exc)
        return True

    def _take_apart(self, error: Exception) -> None:
        self.apart = True
        logger.info("a batch is taken apart", extra={"error": type(error).__name__})
