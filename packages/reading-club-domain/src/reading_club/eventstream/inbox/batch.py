"""Handles a batch in one transaction, or decides that it has to be split."""

import logging
from collections.abc import Sequence
from typing import Final

from reading_club.eventstream.errors import BUSY, TransientFailure
from reading_club.eventstream.inbox.processor import InboxProcessor
from reading_club.eventstream.unit_of_work import UnitOfWorkFactory

logger = logging.getLogger(__name__)

BUSY_ATTEMPTS: Final = 3
"""Attempts in a row that a busy database fails before the batch is split."""


class BatchTransaction:
    """Handles messages in one transaction, and splits the batch if that fails.

    An outage is retried as a batch. An error of one message splits the batch, and so does a
    database that is busy several times in a row: one slow handler does not delay the others.
    """

    def __init__(self, processor: InboxProcessor, messages: Sequence[object]) -> None:
        self._processor = processor
        self._messages = messages
        self._busy = 0
        self.is_split = False

    async def attempt(self, make_uow: UnitOfWorkFactory) -> bool:
        """Return True when the batch took effect or has to be split. Raises TransientFailure."""
        try:
            await self._processor.process_batch(self._messages, make_uow)
        except TransientFailure as exc:
            self._busy = self._busy + 1 if isinstance(exc, BUSY) else 0
            if self._busy < BUSY_ATTEMPTS:
                raise
            self._split(exc)
        except Exception as exc:  # noqa: BLE001  # handling each alone shows which one fails
            self._split(exc)
        return True

    def _split(self, error: Exception) -> None:
        self.is_split = True
        logger.info("a batch is taken apart", extra={"error": type(error).__name__})
