"""What happens to a message at its subscriber: effect, another attempt, or a dead letter."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from reading_club.adapters.eventstream.letters import as_text, dead_letter
from reading_club.domain.errors import TransientFailure
from reading_club.domain.messages import ClubEvent
from reading_club.service.dead_letters import DeadLetter
from reading_club.service.envelope import EventCatalogue, UnknownEvent, UnreadableMessage
from reading_club.service.inbox import Receipt
from reading_club.service.subscriber import Subscriber
from reading_club.service.uow import AbstractUnitOfWork

logger = logging.getLogger(__name__)

UnitOfWorkFactory = Callable[[], AbstractUnitOfWork]

APART: Final = 1.0
"""Seconds. Of copies that come closer together, after an outage, one is counted."""


class WorkerLost(Exception):
    """The handling was begun again and again, and never came to an end."""


@dataclass
class Delivery:
    """One message as it was delivered, and what became of it so far."""

    message: object
    redelivered: bool = False
    """Whether the broker has delivered it before: to somebody who may have died of it."""
    number: int = 0
    """The counted attempt that is under way; 0 for a first one, counted only if it fails."""
    to_count: bool = False
    """Whether the next attempt is counted before it begins."""

    def __post_init__(self) -> None:
        self.to_count = self.redelivered


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
        attempts: int,
        clock: Callable[[], datetime],
    ) -> None:
        self.subscriber = subscriber
        self._catalogue = catalogue
        self._attempts = attempts
        self._clock = clock

    async def attempt(self, delivery: Delivery, make_uow: UnitOfWorkFactory) -> bool:
        """Return whether the message is done with, or False if it is to be tried again.

        Raises TransientFailure while something is away; call it again then.
        """
        try:
            event = self._decode(delivery.message)
        except UnreadableMessage as exc:
            self.log(logging.ERROR, "message set aside", delivery.message, exc)
            await self.set_aside(delivery, exc, make_uow)
            return True
        receipt = Receipt(self.subscriber.name, event.message_id)
        if delivery.to_count:
            await self._count(delivery, receipt, make_uow)
        if delivery.number > self._attempts:
            await self._give_up(delivery, WorkerLost("its handling never came to an end"), make_uow)
            return True
        try:
            await self._handle(event, receipt, delivery, make_uow())
        except TransientFailure:
            raise
        except Exception as exc:  # noqa: BLE001  # a handler's bug concerns its message only
            return await self._failed(delivery, receipt, exc, make_uow)
        return True

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
        if delivery.number >= self._attempts:
            await self._give_up(delivery, error, make_uow)
            return True
        self.log(logging.WARNING, "handling failed", delivery.message, error, trace=True)
        delivery.to_count = True
        return False

    async def _count(
        self, delivery: Delivery, receipt: Receipt, make_uow: UnitOfWorkFactory
    ) -> None:
        """Count the attempt, for good, whatever becomes of it."""
        apart = APART if delivery.redelivered and not delivery.number else 0.0
        async with make_uow() as transaction:
            number = await transaction.uow.inbox.count_attempt(receipt, apart=apart)
            await transaction.commit()
        delivery.number, delivery.to_count = number, False

    async def _give_up(
        self, delivery: Delivery, error: Exception, make_uow: UnitOfWorkFactory
    ) -> None:
        self.log(logging.ERROR, "message set aside", delivery.message, error, trace=True)
        await self.set_aside(delivery, error, make_uow)

    async def set_aside(
        self, delivery: Delivery, error: Exception, make_uow: UnitOfWorkFactory
    ) -> None:
        """Make a dead letter of the message. Raises what keeping it raises."""
        letter = self._letter(delivery.message, error).model_copy(
            update={
                "attempts": min(delivery.number, self._attempts),
                "parked": isinstance(error, UnknownEvent),
            }
        )
        try:
            await _keep(letter, make_uow())
        except TransientFailure:
            raise
        except Exception as exc:  # noqa: BLE001  # such as a NUL that a database refuses
            self.log(logging.WARNING, "dead letter kept as text", delivery.message, exc, trace=True)
            await _keep(as_text(letter), make_uow())

    def _letter(self, message: object, error: Exception) -> DeadLetter:
        return dead_letter(self.subscriber.name, message, error, self._clock())

    def log(
        self, level: int, text: str, message: object, exc: Exception, *, trace: bool = False
    ) -> None:
        """Log ids as fields, and nothing of the content."""
        letter = self._letter(message, exc)
        fields: dict[str, Any] = {
            "subscriber": letter.subscriber,
            "message_id": str(letter.message_id),
            "message_type": letter.type,
            "error": type(exc).__name__,
        }
        logger.log(level, text, extra=fields, exc_info=exc if trace else None)


async def _keep(letter: DeadLetter, uow: AbstractUnitOfWork) -> None:
    async with uow as transaction:
        await uow.dead_letters.add(letter)
        await uow.inbox.forget_attempts(Receipt(letter.subscriber, letter.message_id))
        await transaction.commit()
