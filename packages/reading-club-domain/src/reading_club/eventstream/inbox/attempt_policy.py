"""The attempt limit and the growing pauses between attempts, counted in the database.

A message that has to wait is deferred: the relay sends it again, and others are handled meanwhile.
"""

import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Any, Final

from reading_club.eventstream.context import MessageContext, context_of
from reading_club.eventstream.errors import TransientFailure
from reading_club.eventstream.ports.dead_letters import DeadLetterFilter
from reading_club.eventstream.ports.inbox import Attempts, InboxKey
from reading_club.eventstream.ports.metrics import NO_METRICS, StreamMetrics
from reading_club.eventstream.ports.outbox import OutboxKey
from reading_club.eventstream.unit_of_work import StreamUnitOfWork, UnitOfWorkFactory

logger = logging.getLogger(__name__)

GROWTH: Final = 4.0
LONGEST_PAUSE: Final = 3600.0
SUSPECTED: Final = "its handling may have killed a worker, and waits for the next attempt"
NOT_ENDED: Final = "AttemptNotEnded: its handling never came to an end"
"""Recorded as the error of an attempt that may have killed its worker."""


async def defer(
    message: Any, inbox_key: InboxKey, pause: float, reason: str, uow: StreamUnitOfWork
) -> None:
    """Add an outbox row: the relay sends the message to its subscriber after ``pause`` seconds."""
    key = OutboxKey(inbox_key.message_id, inbox_key.subscriber)
    await uow.outbox.defer(key, message, pause=pause, reason=reason)
    fields = {
        "subscriber": inbox_key.subscriber,
        "message_id": str(inbox_key.message_id),
        "message_type": message.get("type"),
        "seconds": round(pause, 1),
        "reason": reason,
    }
    logger.info("message put off", extra=fields)


@dataclass
class Delivery:
    """One delivery of a message to a worker, and the state of its attempts."""

    message: object
    suspected: bool = False
    """Whether an earlier attempt may have killed its worker."""
    number: int = 0
    """The attempts counted so far; a first attempt is counted only if it fails."""
    count_before: bool = False
    """Whether the next attempt is counted before it begins."""
    count: Attempts | None = None
    """The attempts on record since this delivery has counted its current one. With ``count_before``
    it is not known if they are: whether the count, or its taking back, was committed."""
    stalled_at: float | None = None
    """Monotonic time of the last counted attempt or stall before this delivery."""
    begun: bool = False
    """Whether this process has begun an attempt: the next one needs no pause before it."""

    def __post_init__(self) -> None:
        self.count_before = self.suspected

    @property
    def context(self) -> MessageContext:
        """The context in the headers of the message."""
        return context_of(self.message)


async def is_counted(delivery: Delivery, inbox_key: InboxKey, uow: StreamUnitOfWork) -> bool:
    """Whether this delivery has counted its current attempt; False if that cannot be known."""
    if delivery.count is None or not delivery.count_before:
        return delivery.count is not None
    return (await uow.inbox.attempts(inbox_key)).is_same(delivery.count)


async def take_back(delivery: Delivery, inbox_key: InboxKey, uow: StreamUnitOfWork) -> None:
    """Undo the count of the current attempt; until COMMIT is answered, it may still be there."""
    left = await uow.inbox.take_back_attempt(inbox_key)
    delivery.count = left._replace(number=left.number + 1)
    delivery.count_before = True


@dataclass(frozen=True)
class AttemptPolicy:
    """The attempt limit and the pauses; counts attempts, each in a transaction."""

    limit: int
    """Attempts before a failing message becomes a dead letter; outages do not count."""
    first_pause: float
    """Seconds between the first two attempts of a message that may have killed its worker; each
    further pause is four times as long, up to an hour."""

    timer: Callable[[], float]
    metrics: StreamMetrics = NO_METRICS

    def since_last(self, delivery: Delivery) -> float:
        """Return the seconds since the last attempt before this delivery; 0 if there was none."""
        return 0.0 if delivery.stalled_at is None else self.timer() - delivery.stalled_at

    def pause(self, number: int) -> float:
        """Return the seconds between the attempt with this number and the next one.

        0 before the first attempt. The last attempt may still run in another worker: the first
        pause passes before its message becomes a dead letter.
        """
        if not 0 < number < self.limit:
            return self.first_pause if number else 0.0
        return self.growing_pause(number - 1)

    def growing_pause(self, before: int) -> float:
        """Return the pause after ``before`` shorter ones: four times the last, up to an hour."""
        return min(self.first_pause * GROWTH**before, LONGEST_PAUSE)

    async def begin(
        self, delivery: Delivery, inbox_key: InboxKey, make_uow: UnitOfWorkFactory
    ) -> bool:
        """Commit the count of the attempt; return False if the message must not be handled now.

        It is deferred if too early, and skipped if it is a dead letter.
        """
        async with make_uow() as transaction:
            wait = await self._count(delivery, inbox_key, transaction.uow)
            if wait is None:
                await transaction.uow.inbox.forget_attempts(inbox_key)
            elif wait:
                await defer(delivery.message, inbox_key, wait, SUSPECTED, transaction.uow)
            await transaction.commit()
        if wait:
            self.metrics.deferred(inbox_key.subscriber, 1)
        return wait == 0.0

    async def _count(
        self, delivery: Delivery, inbox_key: InboxKey, uow: StreamUnitOfWork
    ) -> float | None:
        """Count the attempt, and return the seconds until it may begin; None for a dead letter."""
        last = await uow.inbox.attempts(inbox_key)
        known = DeadLetterFilter(subscriber=inbox_key.subscriber, message_id=inbox_key.message_id)
        if await uow.dead_letters.page(known, limit=1):
            return None
        if delivery.stalled_at is None and last.age < inf:
            delivery.stalled_at = self.timer() - last.age
        if delivery.count and last.is_same(delivery.count):  # this delivery's, counted already
            delivery.number = last.number
            return 0.0
        pause = 0.0 if delivery.begun else self.pause(last.number)
        # Of two copies delivered together one is counted; at the first attempt both are handled.
        min_interval = self.first_pause if last.age == inf else pause
        attempts = await uow.inbox.count_attempt(inbox_key, min_interval=min_interval)
        delivery.number = attempts.number
        if not delivery.begun and 0 < last.number < delivery.number:
            await uow.failures.record_lost(inbox_key, last.number, NOT_ENDED)
        delivery.count = attempts if attempts.counted else None
        if not pause or delivery.count:
            return 0.0
        return pause - last.age if last.age < pause else pause

    async def take_back(
        self, delivery: Delivery, inbox_key: InboxKey, make_uow: UnitOfWorkFactory
    ) -> None:
        """Undo the count of an attempt that an outage or a stop ended, if the database allows.

        Otherwise the next try continues the same counted attempt. If the answer to the COMMIT was
        lost, it looks first whether the count is still there: it may be another worker's by then.
        """
        delivery.begun = True
        if delivery.count is None:
            return
        with contextlib.suppress(TransientFailure):
            async with make_uow() as transaction:
                await take_back(delivery, inbox_key, transaction.uow)
                await transaction.commit()
            delivery.number -= 1
            delivery.count = None
