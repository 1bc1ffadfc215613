"""A batch of messages in one transaction, which is split if the transaction fails."""

from collections.abc import Sequence
from typing import Final

from reading_club.eventstream.errors import BUSY, TransientFailure
from reading_club.eventstream.inbox.attempt_policy import defer
from reading_club.eventstream.inbox.processor import InboxProcessor
from reading_club.eventstream.inbox.spans import mark_batch_failed
from reading_club.eventstream.unit_of_work import UnitOfWorkFactory

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
        except Exception as exc:  # handling each message alone shows which one fails
            self._busy = self._busy + 1 if isinstance(exc, BUSY) else 0
            if isinstance(exc, TransientFailure) and self._busy < BUSY_ATTEMPTS:
                raise
            self.is_split = True
            mark_batch_failed(exc)
            self._processor.dead_letters.log_split(exc, len(self._messages))
        return True

    async def defer(self, error: Exception, make_uow: UnitOfWorkFactory) -> bool:
        """Defer each message by the first pause, to be handled alone; return True."""
        async with make_uow() as transaction:
            for message in self._messages:
                inbox_key = self._processor.inbox_key(message)
                pause = self._processor.policy.first_pause
                await defer(message, inbox_key, pause, str(error), transaction.uow)
            await transaction.commit()
        self._processor.metrics.deferred(self._processor.subscriber.name, len(self._messages))
        return True
