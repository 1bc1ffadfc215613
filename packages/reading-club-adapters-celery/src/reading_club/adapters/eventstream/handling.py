"""What happens to a message at its subscriber: effect, another attempt, or a dead letter."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from reading_club.adapters.eventstream.attempts import AttemptPolicy
from reading_club.adapters.eventstream.deferring import defer
from reading_club.adapters.eventstream.delivery import Delivery
from reading_club.adapters.eventstream.setting_aside import DeadLetterWriter, UnitOfWorkFactory
from reading_club.domain.errors import TransientFailure
from reading_club.domain.messages import ClubEvent
from reading_club.service.envelope import EventCatalogue, UnknownEvent, UnreadableMessage
from reading_club.service.inbox import Receipt
from reading_club.service.subscriber import Subscriber
from reading_club.service.uow import AbstractUnitOfWork

NEVER_ENDED: Final = "its handling never came to an end"
SUSPECTED: Final = "its handling may have killed a worker, and waits for the next attempt"


class WorkerLost(Exception):
    """The handling was begun again and again, and never came to an end."""


class Handling:
    """Handles the messages of one subscriber, each attempt in a transaction of its own.

    Nothing is counted for an outage. What fails for reasons of its own is tried ``attempts``
    times, each attempt but the very first counted before it begins, in a transaction of its
    own: also an attempt that takes the whole process along is one.
    """

    def __init__(
        self,
        subscriber: Subscriber,
        catalogue: EventCatalogue,
        policy: AttemptPolicy,
        clock: Callable[[], datetime],
    ) -> None:
        self.subscriber = subscriber
        self._catalogue = catalogue
        self.policy = policy
        self.letters = DeadLetterWriter(subscriber.name, policy.limit, clock)

    async def attempt(self, delivery: Delivery, make_uow: UnitOfWorkFactory) -> bool:
        """Return whether the message is done with, or False if it is to be tried again.

        Raises TransientFailure while something is away; call it again then.
        """
        try:
            event = self._decode(delivery.message)
        except UnreadableMessage as exc:
            self.letters.log(logging.ERROR, "message set aside", delivery.message, exc)
            await self.letters.set_aside(delivery, exc, make_uow)
            return True
        receipt = Receipt(self.subscriber.name, event.message_id)
        if delivery.to_count and not await self._may_begin(delivery, receipt, make_uow):
            return True
        try:
            await self._handle(event, receipt, delivery, make_uow())
        except (TransientFailure, asyncio.CancelledError):
            await self._take_back(delivery, receipt, make_uow)
            raise
        except Exception as exc:  # noqa: BLE001  # a handler's bug concerns its message only
            return await self._failed(delivery, receipt, exc, make_uow)
        return True

    async def _may_begin(
        self, delivery: Delivery, receipt: Receipt, make_uow: UnitOfWorkFactory
    ) -> bool:
        """Count the attempt, for good; put the message off, or give it up, if it may not begin.

        A late copy of what is a dead letter by now does not begin.
        """
        async with make_uow() as transaction:
            begun = await self.policy.begin(delivery, receipt, transaction.uow)
            if begun is None:
                await transaction.uow.inbox.forget_attempts(receipt)
                await transaction.commit()
                return False
            number, wait = begun
            if wait:
                await defer(delivery.message, receipt, wait, SUSPECTED, transaction.uow)
            await transaction.commit()
        if wait:
            return False
        delivery.number = number
        if number > self.policy.limit:
            await self.letters.give_up(delivery, WorkerLost(NEVER_ENDED), make_uow)
            return False
        delivery.to_count, delivery.counted = False, True
        return True

    async def _take_back(
        self, delivery: Delivery, receipt: Receipt, make_uow: UnitOfWorkFactory
    ) -> None:
        """Count the attempt that was counted before it began no longer, if the database takes it.

        Where it does not, the attempt goes on when the message is tried again.
        """
        delivery.begun = True
        if not delivery.counted:
            return
        with contextlib.suppress(TransientFailure):
            async with make_uow() as transaction:
                await transaction.uow.inbox.take_back_attempt(receipt)
                await transaction.commit()
            delivery.number -= 1
            delivery.to_count, delivery.counted = True, False

    async def together(self, messages: Sequence[object], make_uow: UnitOfWorkFactory) -> None:
        """Let messages take effect in one transaction, each with its receipt, or none of them.

        Raises what concerns one of them, whichever that is, and TransientFailure.
        """
        events = [self._decode(message) for message in messages]
        receipts = [Receipt(self.subscriber.name, event.message_id) for event in events]
        async with make_uow() as transaction:
            uow = transaction.uow
            new = set(await uow.inbox.receive_all(receipts))
            for receipt, event in zip(receipts, events, strict=True):
                if receipt in new:
                    new.remove(receipt)  # of two copies in one batch the first takes effect
                    await self.subscriber.handle(event, uow)
            await transaction.commit()

    def _decode(self, message: object) -> ClubEvent:
        event = self._catalogue.decode(message)
        if not self.subscriber.hears(event):
            raise UnknownEvent(f"{self.subscriber.name} has no handler for {type(event).__name__}")
        return event

    async def _handle(
        self, event: ClubEvent, receipt: Receipt, delivery: Delivery, uow: AbstractUnitOfWork
    ) -> None:
        """Let the event take effect in one transaction with its receipt, or not at all."""
        async with uow as transaction:
            if await uow.inbox.receive(receipt):
                await self.subscriber.handle(event, uow)
            if delivery.number:
                await uow.inbox.forget_attempts(receipt)
            await transaction.commit()

    async def _failed(
        self, delivery: Delivery, receipt: Receipt, error: Exception, make_uow: UnitOfWorkFactory
    ) -> bool:
        if not delivery.number:
            await self._count(delivery, receipt, make_uow)
        if delivery.number >= self.policy.limit:
            await self.letters.give_up(delivery, error, make_uow)
            return True
        self.letters.log(logging.WARNING, "handling failed", delivery.message, error, trace=True)
        delivery.to_count, delivery.counted, delivery.begun = True, False, True
        return False

    async def _count(
        self, delivery: Delivery, receipt: Receipt, make_uow: UnitOfWorkFactory
    ) -> None:
        """Count an attempt that has failed, the first one."""
        async with make_uow() as transaction:
            delivery.number = await transaction.uow.inbox.count_attempt(receipt)
            await transaction.commit()
