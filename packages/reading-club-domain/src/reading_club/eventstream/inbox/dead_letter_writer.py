"""Stores dead letters, and logs failed messages by their ids."""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

from reading_club.eventstream.dead_letters.builder import build_dead_letter, with_text_envelope
from reading_club.eventstream.errors import TransientFailure, UnknownEvent
from reading_club.eventstream.inbox.attempt_policy import Delivery
from reading_club.eventstream.ports.dead_letters import DeadLetter
from reading_club.eventstream.ports.inbox import InboxKey
from reading_club.eventstream.unit_of_work import StreamUnitOfWork, UnitOfWorkFactory

logger = logging.getLogger(__name__)


class DeadLetterWriter:
    """Stores the dead letters of one subscriber."""

    def __init__(self, subscriber: str, limit: int, clock: Callable[[], datetime]) -> None:
        self._subscriber = subscriber
        self._limit = limit
        self._clock = clock

    async def give_up(
        self, delivery: Delivery, error: Exception, make_uow: UnitOfWorkFactory
    ) -> None:
        """Store a dead letter after the last attempt, and log it. Raises the storage's errors."""
        self.log(logging.ERROR, "message set aside", delivery.message, error, trace=True)
        await self.set_aside(delivery, error, make_uow)

    async def set_aside(
        self, delivery: Delivery, error: Exception, make_uow: UnitOfWorkFactory
    ) -> None:
        """Store a dead letter, as text if JSON is refused. Raises the storage's errors."""
        letter = self._letter(delivery.message, error).model_copy(
            update={
                "attempts": min(delivery.number, self._limit),
                "parked": isinstance(error, UnknownEvent),
            }
        )
        try:
            await _keep(letter, make_uow())
        except TransientFailure:
            raise
        except Exception as exc:  # noqa: BLE001  # such as a NUL that the database refuses
            self.log(logging.WARNING, "dead letter kept as text", delivery.message, exc, trace=True)
            await _keep(with_text_envelope(letter), make_uow())

    def _letter(self, message: object, error: Exception) -> DeadLetter:
        return build_dead_letter(self._subscriber, message, error, self._clock())

    def log(
        self, level: int, text: str, message: object, exc: Exception, *, trace: bool = False
    ) -> None:
        """Log the message's ids as fields, without its content."""
        letter = self._letter(message, exc)
        fields: dict[str, Any] = {
            "subscriber": letter.subscriber,
            "message_id": str(letter.message_id),
            "message_type": letter.type,
            "error": type(exc).__name__,
        }
        logger.log(level, text, extra=fields, exc_info=exc if trace else None)


async def _keep(letter: DeadLetter, uow: StreamUnitOfWork) -> None:
    async with uow as transaction:
        await uow.dead_letters.add(letter)
        await uow.inbox.forget_attempts(InboxKey(letter.subscriber, letter.message_id))
        await transaction.commit()
