"""Processes the messages of one subscriber: effect, another attempt, or a dead letter."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from messagebus import Event

from reading_club.eventstream.dead_letters.writer import DeadLetterWriter
from reading_club.eventstream.errors import BUSY, TransientFailure, UnknownEvent, UnreadableMessage
from reading_club.eventstream.inbox.attempt_policy import AttemptPolicy, Delivery, defer
from reading_club.eventstream.ports.inbox import InboxKey
from reading_club.eventstream.subscriber import Subscriber
from reading_club.eventstream.unit_of_work import StreamUnitOfWork, UnitOfWorkFactory
from reading_club.eventstream.wire import EventRegistry

logger = logging.getLogger(__name__)

BUSY_ATTEMPTS: Final = 3
"""Attempts in a row that a busy database fails before the batch is split."""
NEVER_ENDED: Final = "its handling never came to an end"


class RedeliveryLimitExceeded(Exception):
    """Every attempt began, and each time the worker was lost before the attempt ended."""


class InboxProcessor:
    """Handles the messages of one subscriber, each attempt in its own transaction.

    A failing message has as many attempts as the policy allows. Each attempt but the first is
    counted before it begins, in a transaction of its own, so that an attempt that kills its process
    counts as well. Outages are not counted.
    """

    def __init__(
        self,
        subscriber: Subscriber[Any],
        events: EventRegistry,
        policy: AttemptPolicy,
        clock: Callable[[], datetime],
    ) -> None:
        self.subscriber = subscriber
        self._events = events
        self.policy = policy
        self.dead_letters = DeadLetterWriter(subscriber.name, policy.limit, clock)

    async def attempt(self, delivery: Delivery, make_uow: UnitOfWorkFactory) -> bool:
        """Return True when the message may be acknowledged, False if it has to be tried again.

        Raises TransientFailure during an outage; call again with the same delivery then.
        """
        try:
            event = self._decode(delivery.message)
        except UnreadableMessage as exc:
            await self.dead_letters.give_up(delivery, exc, make_uow)
            return True
        inbox_key = InboxKey(self.subscriber.name, event.message_id)
        if delivery.count_before:
            if not await self.policy.begin(delivery, inbox_key, make_uow):
                return True
            if delivery.number > self.policy.limit:
                await self.dead_letters.give_up(
                    delivery, RedeliveryLimitExceeded(NEVER_ENDED), make_uow
                )
                return True
            delivery.count_before, delivery.counted = False, True
        try:
            await self._handle(event, inbox_key, delivery, make_uow())
        except (TransientFailure, asyncio.CancelledError):
            await self.policy.take_back(delivery, inbox_key, make_uow)
            raise
        except Exception as exc:  # noqa: BLE001  # a handler's bug concerns its message only
            return await self._failed(delivery, inbox_key, exc, make_uow)
        return True

    async def defer(
        self, delivery: Delivery, error: Exception, make_uow: UnitOfWorkFactory
    ) -> bool:
        """Defer a message that a transient failure delays, or give it up after too many stalls.

        A stall is counted if the database was too busy for this message while others of its
        subscriber succeeded; each stall makes the pause four times as long. Other failures are not
        counted. Returns False for an unreadable message, which cannot be deferred.
        """
        try:
            inbox_key = self.inbox_key(delivery.message)
        except (TypeError, LookupError, ValueError):
            return False
        async with make_uow() as transaction:
            if delivery.counted:
                await transaction.uow.inbox.take_back_attempt(inbox_key)
            within = self.policy.since_last(delivery) if isinstance(error, BUSY) else 0.0
            stalls = await transaction.uow.inbox.count_stall(inbox_key, within=within)
            if stalls < self.policy.limit:
                pause = self.policy.growing_pause(stalls)
                await defer(delivery.message, inbox_key, pause, str(error), transaction.uow)
            await transaction.commit()
        if stalls >= self.policy.limit:
            delivery.number = stalls
            await self.dead_letters.give_up(delivery, error, make_uow)
        return True

    def inbox_key(self, message: Any) -> InboxKey:
        """Return the key of a message. Raises TypeError, LookupError or ValueError without one."""
        return InboxKey(self.subscriber.name, UUID(message["id"]))

    async def process_batch(self, messages: Sequence[object], make_uow: UnitOfWorkFactory) -> None:
        """Handle messages in one transaction, each with its inbox row.

        Raises the first error of any message, or TransientFailure; no message has an effect then.
        """
        events = [self._decode(message) for message in messages]
        inbox_keys = [InboxKey(self.subscriber.name, event.message_id) for event in events]
        async with make_uow() as transaction:
            uow = transaction.uow
            new = set(await uow.inbox.insert_new_many(inbox_keys))
            for inbox_key, event in zip(inbox_keys, events, strict=True):
                if inbox_key in new:
                    new.remove(inbox_key)  # of two copies in one batch the first takes effect
                    await self.subscriber.handlers[type(event)](event, uow)
            await transaction.commit()

    def _decode(self, message: object) -> Event:
        event = self._events.decode(message)
        if type(event) not in self.subscriber.handlers:
            raise UnknownEvent(f"{self.subscriber.name} has no handler for {type(event).__name__}")
        return event

    async def _handle(
        self, event: Event, inbox_key: InboxKey, delivery: Delivery, uow: StreamUnitOfWork
    ) -> None:
        """Handle the event and insert its inbox row in one transaction; skip a duplicate."""
        async with uow as transaction:
            if await uow.inbox.insert_new(inbox_key):
                await self.subscriber.handlers[type(event)](event, uow)
            if delivery.number:
                await uow.inbox.forget_attempts(inbox_key)
            await transaction.commit()

    async def _failed(
        self, delivery: Delivery, inbox_key: InboxKey, error: Exception, make_uow: UnitOfWorkFactory
    ) -> bool:
        if not delivery.number:
            async with make_uow() as transaction:
                delivery.number = await transaction.uow.inbox.count_attempt(inbox_key)
                await transaction.commit()
        if delivery.number >= self.policy.limit:
            await self.dead_letters.give_up(delivery, error, make_uow)
            return True
        self.dead_letters.log(
            logging.WARNING, "handling failed", delivery.message, error, trace=True
        )
        delivery.count_before, delivery.counted, delivery.begun = True, False, True
        return False


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
            logger.info("a batch is taken apart", extra={"error": type(exc).__name__})
        return True

    async def defer(self, error: Exception, make_uow: UnitOfWorkFactory) -> bool:
        """Defer each message by the first pause, to be handled alone; return True."""
        async with make_uow() as transaction:
            for message in self._messages:
                inbox_key = self._processor.inbox_key(message)
                pause = self._processor.policy.first_pause
                await defer(message, inbox_key, pause, str(error), transaction.uow)
            await transaction.commit()
        return True
