"""Deferred messages: the relay sends them again later, and others are handled meanwhile."""

import logging
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from reading_club.eventstream.errors import BUSY
from reading_club.eventstream.inbox.attempt_policy import AttemptPolicy, Delivery
from reading_club.eventstream.inbox.dead_letter_writer import DeadLetterWriter
from reading_club.eventstream.ports.inbox import InboxKey
from reading_club.eventstream.ports.outbox import OutboxKey
from reading_club.eventstream.unit_of_work import StreamUnitOfWork, UnitOfWorkFactory

logger = logging.getLogger(__name__)


async def defer(
    message: Any, inbox_key: InboxKey, pause: float, reason: str, uow: StreamUnitOfWork
) -> None:
    """Add an outbox row: the relay sends the message to its subscriber after ``pause`` seconds."""
    key = OutboxKey(inbox_key.message_id, inbox_key.subscriber)
    await uow.outbox.defer(key, message, pause=pause, reason=reason)
    fields = {"subscriber": inbox_key.subscriber, "message_id": str(inbox_key.message_id)}
    logger.info("message put off", extra={**fields, "seconds": round(pause, 1), "reason": reason})


class Deferral:
    """Defers messages that a transient failure delays, if the database accepts the rows."""

    def __init__(
        self, subscriber: str, policy: AttemptPolicy, dead_letters: DeadLetterWriter
    ) -> None:
        self._subscriber = subscriber
        self._policy = policy
        self._dead_letters = dead_letters

    async def one(self, delivery: Delivery, error: Exception, make_uow: UnitOfWorkFactory) -> bool:
        """Defer a message, or make a dead letter of it at the limit of stalls; return True.

        A stall is counted if the database was too busy for this message while others of its
        subscriber succeeded; each stall makes the pause four times as long. Other failures are not
        counted. Returns False for an unreadable message, which cannot be deferred.
        """
        try:
            inbox_key = self._receipt(delivery.message)
        except (TypeError, LookupError, ValueError):
            return False
        async with make_uow() as transaction:
            if delivery.counted:
                await transaction.uow.inbox.take_back_attempt(inbox_key)
            within = self._policy.since_last(delivery) if isinstance(error, BUSY) else 0.0
            stalls = await transaction.uow.inbox.count_stall(inbox_key, within=within)
            if stalls < self._policy.limit:
                pause, reason = self._policy.growing_pause(stalls), str(error)
                await defer(delivery.message, inbox_key, pause, reason, transaction.uow)
            await transaction.commit()
        if stalls >= self._policy.limit:
            delivery.number = stalls
            await self._dead_letters.give_up(delivery, error, make_uow)
        return True

    async def all(
        self, messages: Sequence[object], error: Exception, make_uow: UnitOfWorkFactory
    ) -> bool:
        """Defer each message of a batch by the first pause, to be handled alone; return True."""
        async with make_uow() as transaction:
            for message in messages:
                inbox_key, pause = self._receipt(message), self._policy.first_pause
                await defer(message, inbox_key, pause, str(error), transaction.uow)
            await transaction.commit()
        return True

    def _receipt(self, message: Any) -> InboxKey:
        return InboxKey(self._subscriber, UUID(message["id"]))
