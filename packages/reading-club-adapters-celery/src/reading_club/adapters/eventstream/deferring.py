"""Messages that are put off: the relay sends them again later, and others go on meanwhile."""

import logging
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from reading_club.adapters.eventstream.attempts import AttemptPolicy
from reading_club.adapters.eventstream.delivery import Delivery
from reading_club.adapters.eventstream.holding import BUSY
from reading_club.adapters.eventstream.setting_aside import DeadLetterWriter, UnitOfWorkFactory
from reading_club.service.inbox import Receipt
from reading_club.service.outbox.port import Key
from reading_club.service.uow import AbstractUnitOfWork

logger = logging.getLogger(__name__)


async def defer(
    message: Any, receipt: Receipt, pause: float, reason: str, uow: AbstractUnitOfWork
) -> None:
    """Write the row by which the relay sends the message to its subscriber again."""
    key = Key(receipt.message_id, receipt.subscriber)
    await uow.outbox.defer(key, message, pause=pause, reason=reason)
    fields = {"subscriber": receipt.subscriber, "message_id": str(receipt.message_id)}
    logger.info("message put off", extra={**fields, "seconds": round(pause, 1), "reason": reason})


class Deferral:
    """Puts off what a transient failure has held up for long, if the database takes it."""

    def __init__(self, subscriber: str, policy: AttemptPolicy, letters: DeadLetterWriter) -> None:
        self._subscriber = subscriber
        self._policy = policy
        self._letters = letters

    async def one(self, delivery: Delivery, error: Exception, make_uow: UnitOfWorkFactory) -> bool:
        """Put a message off, for longer each time that it alone was too slow for the database.

        It was, if others of its subscriber succeeded meanwhile. After as many of these times as it
        has attempts it is set aside: the fault is its own. Any other failure counts nothing.
        Returns False for a message that cannot be read: it is held.
        """
        try:
            receipt = self._receipt(delivery.message)
        except (TypeError, LookupError, ValueError):
            return False
        async with make_uow() as transaction:
            if delivery.counted:
                await transaction.uow.inbox.take_back_attempt(receipt)
            within = self._policy.since_last(delivery) if isinstance(error, BUSY) else 0.0
            stalls = await transaction.uow.inbox.count_stall(receipt, within=within)
            if stalls < self._policy.limit:
                pause, reason = self._policy.growing_pause(stalls), str(error)
                await defer(delivery.message, receipt, pause, reason, transaction.uow)
            await transaction.commit()
        if stalls >= self._policy.limit:
            delivery.number = stalls
            await self._letters.give_up(delivery, error, make_uow)
        return True

    async def all(
        self, messages: Sequence[object], error: Exception, make_uow: UnitOfWorkFactory
    ) -> bool:
        """Put the messages of a batch off, each for itself: they are handled alone then."""
        async with make_uow() as transaction:
            for message in messages:
                receipt, pause = self._receipt(message), self._policy.first_pause
                await defer(message, receipt, pause, str(error), transaction.uow)
            await transaction.commit()
        return True

    def _receipt(self, message: Any) -> Receipt:
        return Receipt(self._subscriber, UUID(message["id"]))
